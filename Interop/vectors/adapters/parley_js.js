// Puts the browser library's signaling under the conformance kit; see ../README.md. Four adapters,
// so that four vectors are played at once; none needs more of the page than WebSocket and timers.

import { Signaling } from "/parley/signaling.js";

const AT_ONCE = 4;

function adapter() {
  const control = new WebSocket(`ws://${location.host}/control`);
  let client = null;
  const start = ({ url, room, name }) => {
    let current = true;
    const tell = (told) => current && control.send(JSON.stringify({ told }));
    const signaling = new Signaling(url, { room, name }, {
      joined: tell,
      message: tell,
      error: ({ code, message, temporary }) => tell({ type: "error", code, message, temporary }),
      waiting: () => {},
      closed: () => tell({ type: "closed" }),
    });
    return { signaling, end: () => { current = false; signaling.leave(); } };
  };
  control.onmessage = ({ data }) => {
    const { do: what, message, ...how } = JSON.parse(data);
    if (what === "join") client = start(how);
    if (what === "send") client.signaling.send(message);
    if (what === "leave") client.signaling.leave();
    if (what !== "end") return;
    client.end();
    control.send(JSON.stringify({ ended: true }));
  };
}

for (let count = 0; count < AT_ONCE; count += 1) adapter();
