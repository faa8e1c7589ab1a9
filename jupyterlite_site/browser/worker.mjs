// The kernel's own worker, with Python started before the page asks for it.
import { start } from "./start.mjs";
import "$kernel_worker";

start();
