// The kernel's own worker, with Python started before the page asks for it. The order
// counts: interrupts.mjs must hear its message before the kernel's listener does.
import "./interrupts.mjs";
import { start } from "./start.mjs";
import "$kernel_worker";

start();
