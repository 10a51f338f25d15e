// Loaded before the TypeScript SDK's own OAuth example (node --import): its
// callback listens on the fixed port 8090, which may be taken here. It gets a
// free port instead and says which.
import { Server } from "node:net";

const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  if (port !== 8090) return listen.call(this, port, ...rest);
  this.once("listening", () => console.log(`callback port: ${this.address().port}`));
  return listen.call(this, 0, ...rest);
};
