// The kernel benchmark's other half: runs in a page or in Node, where `tf` (with its
// WebAssembly backend) and `convnetjs` are globals.

const SIZE = 512;

// Work per second of the fastest step, after one to warm up.
async function rate(step, work, seconds) {
  await step();
  let best = Infinity;
  const end = performance.now() + 1000 * seconds;
  while (performance.now() < end || best === Infinity) {
    const start = performance.now();
    await step();
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  return work / best;
}

async function tfjsWasmGemm() {
  await tf.setBackend("wasm");
  const [a, b] = [0, 1].map(() => tf.randomNormal([SIZE, SIZE]));
  const step = () => tf.tidy(() => tf.matMul(a, b).dataSync().length);
  const gflops = await rate(step, 2e-9 * SIZE ** 3, 0.6);
  tf.dispose([a, b]);
  return gflops;
}

// Its WebAssembly backend has no gradient of a convolution, so this is the plain one.
async function tfjsCpuCnn(images = 4) {
  await tf.setBackend("cpu");
  const model = tf.sequential();
  for (const [i, filters] of [16, 32, 64].entries()) {
    const input = i ? {} : { inputShape: [32, 32, 3] };
    const conv = { filters, kernelSize: 3, padding: "same", useBias: false };
    model.add(tf.layers.conv2d({ ...conv, ...input }));
    model.add(tf.layers.batchNormalization());
    model.add(tf.layers.reLU());
    model.add(tf.layers.maxPooling2d({ poolSize: 2 }));
  }
  model.add(tf.layers.flatten());
  model.add(tf.layers.dense({ units: 10, activation: "softmax" }));
  const optimizer = tf.train.momentum(0.05, 0.9, true);
  model.compile({ optimizer, loss: "categoricalCrossentropy" });
  const x = tf.randomNormal([images, 32, 32, 3]);
  const y = tf.oneHot(tf.range(0, images, 1, "int32"), 10);
  return rate(() => model.trainOnBatch(x, y), images, 0);
}

// ConvNetJS has no batch normalisation: the same network without it.
async function convnetjsCnn(images = 8) {
  const net = new convnetjs.Net();
  const layers = [{ type: "input", out_sx: 32, out_sy: 32, out_depth: 3 }];
  for (const filters of [16, 32, 64]) {
    const conv = { type: "conv", sx: 3, filters, stride: 1, pad: 1 };
    layers.push({ ...conv, activation: "relu" }, { type: "pool", sx: 2, stride: 2 });
  }
  net.makeLayers([...layers, { type: "softmax", num_classes: 10 }]);
  const settings = { method: "sgd", learning_rate: 0.05, momentum: 0.9 };
  const trainer = new convnetjs.SGDTrainer(net, { ...settings, batch_size: images });
  const step = () => {
    for (let i = 0; i < images; i++) trainer.train(new convnetjs.Vol(32, 32, 3), i);
  };
  return rate(step, images, 1);
}

const PEERS = {
  gemm: { "tfjs wasm": tfjsWasmGemm },
  cnn: { "tfjs cpu": tfjsCpuCnn, convnetjs: convnetjsCnn },
};

// Return measure(row, who), which gives a rate.
export async function start(pyodide, workloads) {
  const { loadPyodide } = await import(`${pyodide}pyodide.mjs`);
  const indexURL = pyodide.replace("file://", "");
  const python = await loadPyodide({ indexURL, packages: ["numpy", "tinytorch"] });
  await python.runPythonAsync(workloads);
  const measure = python.globals.get("measure");
  return async (row, who) => (PEERS[row]?.[who] ?? (() => measure(row, who)))();
}
