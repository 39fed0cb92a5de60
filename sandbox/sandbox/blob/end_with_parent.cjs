// Loaded into Azurite's process before Azurite: ends it when its standard input closes, that is, when whoever started it is gone.
"use strict";
process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0)).resume();
process.stdin.unref(); // Azurite's server keeps the process going, not this pipe
