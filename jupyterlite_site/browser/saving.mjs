// Keeps what is typed: saved within seconds and after every cell, never over another
// version without keeping that one too.
//
// JupyterLab's own saving asks "Overwrite or revert?" when a file has changed below it:
// either answer loses work. This takes its place, for Ctrl+S as well.

import { say } from "./messages.mjs";

const QUIET = 1000; // ms without a key after which it is time to save
const LATEST = 3000; // ms after which it is time although keys are still pressed
const CHANGES = "tinytorch-notebooks";

export class Saving {
  // `onSaved(when, error)` hears of every attempt.
  constructor(app, panel, onSaved) {
    this.contents = app.serviceManager.contents;
    this.panel = panel;
    this.context = panel.context;
    this.model = panel.context.model;
    this.onSaved = onSaved;
    this.channel = new BroadcastChannel(CHANGES);
    this.known = this.context.contentsModel.last_modified;
    this.shown = this.cells();
    this.changedFirst = this.changedLast = 0;
    this.writing = null;
    this.failed = false;
    this.context.save = () => this.save();
    this.listen();
  }

  cells() {
    return JSON.stringify(this.model.toJSON().cells);
  }

  listen() {
    this.model.stateChanged.connect((_, { name, newValue }) => {
      if (name === "dirty" && newValue) queueMicrotask(() => this.forgetIfUnchanged());
    });
    this.model.contentChanged.connect(() => {
      this.changedLast = Date.now();
      this.changedFirst ||= this.changedLast;
    });
    this.panel.sessionContext.statusChanged.connect((_, status) => {
      if (status === "idle") this.afterCell();
    });
    this.contents.fileChanged.connect((_, change) => this.heard(change));
    this.channel.onmessage = ({ data }) => {
      if (data.path === this.context.path) this.elsewhere();
    };
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.saveIfChanged();
    });
    addEventListener("pagehide", () => this.saveIfChanged());
    setInterval(() => this.tick(), 500);
  }

  // The kernel's answer to "what language are you?" goes into the notebook's head. That
  // is no work of the reader's, and leaving must not ask whether to lose it.
  forgetIfUnchanged() {
    if (this.cells() === this.shown) {
      this.model.dirty = false;
      this.changedFirst = 0;
    }
  }

  tick() {
    if (this.failed || !this.model.dirty || !this.changedFirst) return;
    const now = Date.now();
    if (now - this.changedLast > QUIET || now - this.changedFirst > LATEST) {
      this.saveIfChanged();
    }
  }

  afterCell() {
    if (this.stale) this.elsewhere();
    else this.saveIfChanged();
  }

  saveIfChanged() {
    if (!this.model.dirty || this.failed) return;
    this.save().catch(() => { /* said by write() */ });
  }

  // One writer at a time: the next save waits for the one before.
  save() {
    this.writing = (this.writing ?? Promise.resolve()).catch(() => {}).then(() => this.write());
    return this.writing;
  }

  async write() {
    const { path } = this.context;
    try {
      await this.keepOther(path);
      const content = this.model.toJSON();
      const cells = JSON.stringify(content.cells);
      this.changedFirst = 0;
      this.own = true;
      const saved = await this.contents.save(path, { type: "notebook", format: "json", content });
      this.known = saved.last_modified;
      this.shown = cells;
      if (this.cells() === cells) this.model.dirty = false;
      this.failed = false;
      this.onSaved(new Date());
      this.channel.postMessage({ path });
    } catch (error) {
      this.failed = true;
      this.onSaved(null, error);
      throw error;
    } finally {
      this.own = false;
    }
  }

  // Whether someone else wrote the file since this page last read or wrote it.
  async changedBelow(path) {
    const there = await this.contents.get(path, { content: false }).catch(() => null);
    return there !== null && there.last_modified !== this.known;
  }

  // Puts a version that this page did not write beside the file, before it goes.
  async keepOther(path) {
    if (!(await this.changedBelow(path))) return;
    const other = await this.contents.get(path, { type: "notebook", content: true });
    const before = sources(JSON.parse(this.shown));
    const theirs = sources(other.content.cells);
    if (theirs === before || theirs === sources(this.model.toJSON().cells)) return;
    const name = await this.keep(path, other.content);
    say("other", "This notebook was also changed elsewhere. What you see here is newer "
      + `and is what is saved now; the other version is kept as ${name}.`,
      { actions: [["Open the other", () => open(`?path=${name}`)]] });
  }

  async keep(path, content) {
    const name = await this.freeName(path);
    await this.contents.save(name, { type: "notebook", format: "json", content });
    return name;
  }

  async freeName(path) {
    for (let number = 1; ; number += 1) {
      const name = path.replace(/(\.ipynb)?$/, `-other-${number}.ipynb`);
      if (!(await this.contents.get(name, { content: false }).catch(() => null))) return name;
    }
  }

  // Python has written the open notebook's file, as a restore does.
  heard({ type, newValue }) {
    if (this.own || !newValue || !["save", "rename"].includes(type)) return;
    if (newValue.path.endsWith(".ipynb")) this.channel.postMessage({ path: newValue.path });
    if (newValue.path === this.context.path) this.elsewhere(true);
  }

  // Another writer's version is the newer one: show it, keep what was here if it was
  // worked on. While a cell runs its output needs the cells that are there: later.
  async elsewhere(replaced = false) {
    const { path } = this.context;
    if (this.panel.sessionContext.session?.kernel?.status === "busy") {
      this.stale = true;
      return;
    }
    this.stale = false;
    if (!(await this.changedBelow(path))) return;
    if (this.model.dirty && !replaced) return; // the next save keeps both
    const there = await this.contents.get(path, { type: "notebook", content: true });
    const mine = sources(this.model.toJSON().cells);
    const theirs = sources(there.content.cells);
    let kept = "";
    if (this.model.dirty && mine !== theirs && mine !== sources(JSON.parse(this.shown))) {
      kept = ` What was here is kept as ${await this.keep(path, this.model.toJSON())}.`;
    }
    await this.context.revert();
    this.known = there.last_modified;
    this.shown = this.cells();
    this.model.dirty = false;
    this.changedFirst = 0;
    if (mine !== theirs) {
      say("other", `This notebook was changed elsewhere; you see the newer version.${kept}`);
    }
  }
}

// What a person has written: outputs and counts come and go.
function sources(cells) {
  return JSON.stringify(cells.map((cell) => [cell.cell_type, [].concat(cell.source).join("")]));
}
