// What the demo sends: a camera and microphone, or a test pattern for machines without.

/** A moving picture and a soft, pulsing tone, for machines without a camera. */
export function testPattern() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 360];
  const paint = canvas.getContext("2d", { alpha: false });
  const hue = Math.random() * 360;
  const draw = () => drawPattern(paint, hue, performance.now() / 1_000);
  draw();
  const timer = setInterval(draw, 40);
  const stream = canvas.captureStream(25);

  const context = new AudioContext();
  const tone = new OscillatorNode(context, { frequency: 330 });
  const pulse = new OscillatorNode(context, { frequency: 0.5 });
  const volume = new GainNode(context, { gain: 0.02 });
  const depth = new GainNode(context, { gain: 0.02 });
  const out = new MediaStreamAudioDestinationNode(context);
  pulse.connect(depth).connect(volume.gain); // swells and fades, every two seconds
  tone.connect(volume).connect(out);
  tone.start();
  pulse.start();
  stream.addTrack(out.stream.getAudioTracks()[0]);
  const stop = () => {
    clearInterval(timer);
    context.close();
  };
  return { stream, stop, wake: () => context.resume() };
}

function drawPattern(paint, hue, seconds) {
  const { width, height } = paint.canvas;
  const sky = paint.createLinearGradient(0, 0, width, height);
  sky.addColorStop(0, `hsl(${hue + seconds * 8} 60% 42%)`);
  sky.addColorStop(1, `hsl(${hue + 70 + seconds * 8} 65% 24%)`);
  paint.fillStyle = sky;
  paint.fillRect(0, 0, width, height);
  for (let bar = 0; bar < 8; bar += 1) {
    paint.fillStyle = `hsl(${bar * 45} 75% 60%)`;
    paint.fillRect((bar * width) / 8, height - 34, width / 8 + 1, 34);
  }
  for (let i = 0; i < 3; i += 1) {
    paint.fillStyle = `hsl(${hue + 160 + i * 40} 80% 70% / 55%)`;
    paint.beginPath();
    const x = width / 2 + Math.sin(seconds * (0.7 + i * 0.25) + i * 2) * width * 0.36;
    const y = height / 2 - 15 + Math.cos(seconds * (0.9 + i * 0.2) + i) * height * 0.28;
    paint.arc(x, y, 34 - i * 7, 0, 2 * Math.PI);
    paint.fill();
  }
  paint.fillStyle = "#fff";
  paint.textAlign = "center";
  paint.font = "600 54px system-ui, sans-serif";
  paint.fillText(new Date().toLocaleTimeString("en-GB"), width / 2, height / 2 + 4);
}

/** Camera and microphone, or as much of them as there is; throws what the browser throws. */
export async function camera() {
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("no https", "insecure");
  const video = { width: { ideal: 1280 }, height: { ideal: 720 } };
  let missing = "";
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video, audio: true });
  } catch (error) {
    if (error.name !== "NotFoundError") throw error;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video });
      missing = "There is no microphone: the others see you but do not hear you.";
    } catch {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      missing = "There is no camera: the others hear you but do not see you.";
    }
  }
  return { stream, missing, stop: () => stream.getTracks().forEach((track) => track.stop()) };
}
