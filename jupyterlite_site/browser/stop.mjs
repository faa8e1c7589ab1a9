// Stop: writes SIGINT into the byte that the kernel's worker looks at, or says what to
// do in a browser that has no memory to share.

import { say } from "./messages.mjs";

const SIGINT = 2;

const HOW = "This browser cannot interrupt Python while a cell runs. Restart stops it: "
  + "what you typed stays, and the lesson's first cell brings the parts back that you "
  + "have built.";

export function makeStopStop(app, panel) {
  const { interrupts } = window.tinytorch;
  const { sessionContext } = panel;
  app.commands.commandExecuted.connect((_, { id }) => {
    if (!id.includes("interrupt") || sessionContext.session?.kernel?.status === "idle") return;
    if (interrupts) {
      interrupts[0] = SIGINT;
    } else {
      const restart = () => app.commands.execute("notebook:restart-kernel");
      say("stop", HOW, { actions: [["Restart Python", restart]], urgent: true });
    }
  });
  // A Stop that came too late for its cell must not end the next one.
  sessionContext.statusChanged.connect((_, status) => {
    if (interrupts && status === "idle") interrupts[0] = 0;
  });
}
