// Keeps the shared byte that the page's Stop writes to (see early.js).

let given;

self.addEventListener("message", (event) => {
  if (event.data?.tinytorch !== "interrupts") return;
  event.stopImmediatePropagation();
  given = event.data.buffer;
});

// Pyodide looks at the byte between instructions; 2 is SIGINT. Called before the first
// cell and not earlier: an interrupt of the kernel's own start would break it.
export function listen(pyodide) {
  if (given) pyodide.setInterruptBuffer(given);
  given = undefined;
}
