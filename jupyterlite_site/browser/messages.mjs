// What the tab has to say, in a corner of the page: visible, read out by screen
// readers, and with a button for every way out.

let region;

function place() {
  if (region?.isConnected) return region;
  region = document.createElement("section");
  region.id = "tinytorch-messages";
  region.setAttribute("aria-label", "Messages");
  document.body.append(region);
  return region;
}

// One message a name: a newer one takes the older one's place. `actions` are pairs of
// a button's text and what it does; `urgent` interrupts a screen reader.
export function say(name, text, { actions = [], urgent = false } = {}) {
  silence(name);
  const message = document.createElement("div");
  message.dataset.name = name;
  message.setAttribute("role", urgent ? "alert" : "status");
  if (urgent) message.classList.add("urgent");
  const words = document.createElement("p");
  words.textContent = text;
  const buttons = document.createElement("p");
  for (const [label, act] of [...actions, ["Close", () => {}]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => {
      silence(name);
      act();
    });
    buttons.append(button);
  }
  message.append(words, buttons);
  place().append(message);
}

export function silence(name) {
  region?.querySelector(`[data-name="${name}"]`)?.remove();
}
