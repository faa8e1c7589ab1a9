// A run that is asked for before Python is up waits for it, and says so. JupyterLab
// drops it without a word.

import { answers, pause } from "./app.mjs";
import { say, silence } from "./messages.mjs";

// These choose the next cell after they ran one; it is not known yet which will run.
const MOVING = ["notebook:run-cell-and-select-next", "notebook:run-cell-and-insert-below"];

export function queueEarlyRuns(app) {
  const execute = app.commands.execute.bind(app.commands);
  let last = Promise.resolve();
  app.commands.execute = (id, args) => {
    const panel = app.shell.currentWidget;
    if (!id.startsWith("notebook:run") || !panel?.sessionContext || answers(panel)) {
      return execute(id, args);
    }
    const cell = panel.content.activeCell;
    if (/run-cell/.test(id)) cell?.setPrompt?.("*");
    say("queue", "Python is starting. What you have asked to run waits until it is up.");
    if (MOVING.includes(id)) execute("notebook:move-cursor-down");
    last = last.then(() => up(panel)).then(() => {
      silence("queue");
      return runAt(panel, cell, execute, MOVING.includes(id) ? "notebook:run-cell" : id, args);
    });
    return last;
  };
}

async function up(panel) {
  await panel.context.ready;
  await panel.sessionContext.ready;
  while (!answers(panel)) await pause(100);
}

// Runs a command as if the cell were still the active one.
function runAt({ content }, cell, execute, id, args) {
  const before = content.activeCell;
  const index = content.widgets.indexOf(cell);
  content.deselectAll();
  if (index >= 0) content.activeCellIndex = index;
  const done = execute(id, args);
  const back = content.widgets.indexOf(before);
  if (back >= 0) content.activeCellIndex = back;
  return done;
}
