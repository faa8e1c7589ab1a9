// One place that shows whether work is saved in this browser, and when it was last
// taken home; and the messages about storage, each with a way out.

import { say, silence } from "./messages.mjs";

const ARCHIVE = "my_tinytorch.zip"; // what `workshop.export()` writes

const NOTHING_KEPT = "This browser keeps nothing from this page, as some private windows "
  + "do. Lessons and checks work, but what you write lasts only until you close the tab. "
  + "Before that, take it home: run workshop.export() in a cell.";

export class Status {
  constructor(app) {
    this.contents = app.serviceManager.contents;
    this.place = document.createElement("span");
    this.place.id = "tinytorch-saved";
    this.place.setAttribute("role", "status");
    document.body.append(this.place);
    this.saved = "";
    this.home = "";
    this.refresh();
  }

  async refresh() {
    const there = await this.contents.get(ARCHIVE, { content: false }).catch(() => null);
    this.home = there ? `taken home ${day(new Date(there.last_modified))}` : "not taken home yet";
    this.show();
  }

  show() {
    this.place.textContent = [this.saved || "Saved in this browser", this.home].join(" · ");
  }

  savedAt(when, error) {
    if (!error) {
      this.saved = `Saved in this browser ${when.toTimeString().slice(0, 5)}`;
      silence("save");
      this.refresh();
      return;
    }
    this.saved = "NOT SAVED";
    this.show();
    say("save", `The browser refused to save: ${error.message ?? error}. What you typed `
      + "is still on this page. Take your work home with workshop.export(), or free some "
      + "space and try again.", { urgent: true, actions: [["Try again", () => this.retry?.()]] });
  }
}

function day(date) {
  const today = date.toDateString() === new Date().toDateString();
  return today ? `today ${date.toTimeString().slice(0, 5)}` : date.toLocaleDateString();
}

// Said when the page opens, before there is work to lose.
export async function warnIfNothingIsKept() {
  if (!navigator.serviceWorker?.controller || !(await databaseOpens())) {
    say("storage", NOTHING_KEPT, { urgent: true });
  }
}

function databaseOpens() {
  return new Promise((done) => {
    try {
      const request = indexedDB.open("tinytorch-probe");
      request.onsuccess = () => {
        request.result.close();
        done(true);
      };
      request.onerror = () => done(false);
    } catch {
      done(false);
    }
  });
}

// Whoever types has work to lose: then the browser is asked not to clear its storage by
// itself. Firefox puts that question to the reader, who must know first what it means.
export function askToKeepStorage() {
  const ask = async () => {
    await navigator.storage?.persist?.();
    new BroadcastChannel("tinytorch-storage").postMessage("asked");
  };
  addEventListener("keydown", async () => {
    if (await navigator.storage?.persisted?.()) return;
    if (!navigator.userAgent.includes("Firefox")) return ask();
    if (asked()) return;
    say("persist", "Your work is saved in this browser and nowhere else. Firefox will ask "
      + "whether this site may store data persistently: if you allow it, your work is not "
      + "cleared when space runs short.", { actions: [["Ask", ask]] });
  }, { once: true });
}

function asked() {
  try {
    const before = localStorage.getItem("tinytorch-asked");
    localStorage.setItem("tinytorch-asked", "yes");
    return before !== null;
  } catch {
    return false;
  }
}
