// Loaded before the clients: their requests to the original's hosts go to the demo instead.
// The packages themselves are untouched. A request to any other host is an error: nothing leaves
// this machine, and a client that starts to use another host is noticed.
const fs = require("fs");
const http = require("http");
const https = require("https");

const base = new URL(JSON.parse(fs.readFileSync(process.env.DEMO, "utf8")).api_base);
const hosts = ["api.gengo.com", "api.sandbox.gengo.com"];
const plain = http.request;

function redirected() {
  return function (options, ...rest) {
    const host = options && (options.hostname || options.host);
    if (!hosts.includes(host)) throw new Error(`not one of the original's hosts: ${host}`);
    const headers = Object.assign({}, options.headers);
    for (const name of Object.keys(headers)) if (name.toLowerCase() === "host") delete headers[name];
    const changed = Object.assign({}, options, {
      protocol: "http:", host: base.hostname, hostname: base.hostname, port: base.port, headers,
      agent: undefined, agents: undefined, uri: undefined, defaultPort: 80,
    });
    return plain.call(http, changed, ...rest);
  };
}
http.request = redirected();
https.request = redirected();
