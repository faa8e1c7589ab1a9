// What this site adds to a notebook's page once the application is up.

import { application, notebook } from "./app.mjs";
import { keepForOffline } from "./keep.mjs";
import { makeStopStop } from "./stop.mjs";

const app = await application();
const panel = await notebook(app);
if (panel) {
  makeStopStop(app, panel);
  keepForOffline(panel);
}
