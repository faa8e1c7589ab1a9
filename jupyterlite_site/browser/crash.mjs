// When Python has died: nothing hangs in silence, and the way out is a button.

import { say } from "./messages.mjs";

export function tellCrashes(app) {
  addEventListener("tinytorch-crash", ({ detail }) => {
    const restart = () => app.commands.execute("notebook:restart-kernel");
    say("crash", `Python has stopped working in this tab (${detail.what}). What you typed `
      + "and the parts you built are saved. Restart Python and run the first cell again; "
      + "if that fails, reload the page.",
      { urgent: true, actions: [["Restart Python", restart], ["Reload", () => location.reload()]] });
  });
}
