// What this site adds to a notebook's page once the application is up.

import { application, notebook } from "./app.mjs";
import { tellCrashes } from "./crash.mjs";
import { keepForOffline } from "./keep.mjs";
import { queueEarlyRuns } from "./queue.mjs";
import { Saving } from "./saving.mjs";
import { askToKeepStorage, Status, warnIfNothingIsKept } from "./status.mjs";
import { makeStopStop } from "./stop.mjs";

const app = await application();
queueEarlyRuns(app);
tellCrashes(app);
askToKeepStorage();
const panel = await notebook(app);
if (panel) {
  const status = new Status(app);
  const saving = new Saving(app, panel, (when, error) => status.savedAt(when, error));
  status.retry = () => saving.save().catch(() => { /* the message is there again */ });
  // For tests, and for the page's own buttons.
  window.tinytorch.saving = saving;
  makeStopStop(app, panel);
  keepForOffline(panel);
  if (!window.tinytorch.reloading) warnIfNothingIsKept();
}
