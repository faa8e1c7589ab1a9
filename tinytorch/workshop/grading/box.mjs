// The box: Python in WebAssembly, in a Deno that may read one folder and nothing else.
//
//   deno run --allow-read=IMAGE … box.mjs IMAGE
//
// A line of JSON comes in, {id, job}; a line goes out, {id, answer} or {id, trouble}.
// `job` and `answer` are texts between the parent and Python; the id is told to nobody
// in Python. Before every job Python's whole memory is what it was before the first:
// what one job changed, no other sees.

const MOST_MEMORY = 1024 * 2 ** 20; // bytes; Python raises MemoryError beyond

const [image] = Deno.args;
const say = (message) => {
  const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
  for (let sent = 0; sent < bytes.length; ) sent += out.writeSync(bytes.subarray(sent));
};
const out = Deno.stdout;
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());

limitMemory();
const python = await start();
const { HEAPU8 } = python._module;
const clean = HEAPU8.slice();
const stack = python._module.stackSave();
const judge = python.globals.get("judge");
say({ ready: true });

let rest = "";
for await (const piece of lines) {
  const found = (rest + piece).split("\n");
  rest = found.pop();
  for (const line of found) answer(JSON.parse(line));
}

function answer({ id, job }) {
  try {
    say({ id, answer: judge(job) });
  } catch (error) {
    say({ id, trouble: String(error.message ?? error).slice(-2000) });
    Deno.exit(1); // Python may be in any state: the parent starts another box
  }
  const memory = python._module.HEAPU8; // another view when the memory has grown
  memory.set(clean);
  memory.fill(0, clean.length);
  python._module.stackRestore(stack);
}

async function start() {
  const { loadPyodide } = await import(`file://${image}/pyodide.mjs`);
  const started = await loadPyodide({
    indexURL: `${image}/`,
    packages: ["numpy"],
    checkIntegrity: false, // the parent compiled the wheel's modules
    // All that `import js` finds, while the package starts: numpy's kernels will do.
    jsglobals: { WebAssembly: { validate: () => false } },
    stdout: () => {},
    stderr: () => {},
    stdin: () => null,
  });
  started.unpackArchive(Deno.readFileSync(`${image}/tinytorch.zip`), "zip", {
    extractDir: "/lib/box",
  });
  started.runPython(Deno.readTextFileSync(`${image}/start.py`));
  closeFiles(started.FS);
  return started;
}

function limitMemory() {
  const grow = WebAssembly.Memory.prototype.grow;
  WebAssembly.Memory.prototype.grow = function (pages) {
    if (this.buffer.byteLength + pages * 65536 > MOST_MEMORY) {
      throw new RangeError("the box gives no more memory");
    }
    return grow.call(this, pages);
  };
}

// Files live in this process's memory; nothing may be left there for a later job.
function closeFiles(FS) {
  const refuse = () => {
    throw new FS.ErrnoError(69); // a read-only file system
  };
  for (const name of ["mknod", "mkdir", "symlink", "rename", "rmdir", "unlink"]) {
    FS[name] = refuse;
  }
  for (const name of ["truncate", "ftruncate", "chmod", "chown", "utime", "mount"]) {
    FS[name] = refuse;
  }
  const { open } = FS;
  FS.open = (path, flags, mode) => {
    const writes = typeof flags === "string" ? /[wa+]/.test(flags) : flags & 0o3103;
    return writes ? refuse() : open.call(FS, path, flags, mode);
  };
}
