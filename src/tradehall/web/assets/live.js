// One event stream for all tabs of a browser: over HTTP/1.1 it opens six connections to a host at most, and each stream holds one.
// It is called after the stream's address and whoever listens, so that nobody hears what was for the one before.
const ports = new Set();
let stream = null;
const tell = what => ports.forEach(port => port.postMessage(what));
const open = address => {
  stream = new EventSource(address);
  stream.onmessage = event => tell({ kind: "message", data: event.data });
  stream.addEventListener("resync", () => tell({ kind: "resync" }));
  stream.onopen = () => tell({ kind: "open" });
  stream.onerror = () => tell({ kind: "error" });
};
onconnect = event => {
  const [port] = event.ports;
  port.onmessage = ({ data }) => {
    if (data.leaves) {
      ports.delete(port);
      if (!ports.size) { stream?.close(); stream = null; }
      return;
    }
    ports.add(port);
    if (!stream || stream.readyState === EventSource.CLOSED) open(data.address);
  };
};
