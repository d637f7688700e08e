// Explains texts away from the page, so that a long text does not freeze it. The first message has the
// compiled module; each of the others has a text and a level, and gets one answer.
"use strict";

const engines = new Map();

self.onmessage = ({ data }) => {
  if (data.module) {
    wasm_bindgen.initSync({ module: data.module });
    return;
  }
  const { run, text, level } = data;
  try {
    self.postMessage({ run, explained: JSON.parse(engineOf(level).explain(text)) });
  } catch (error) {
    self.postMessage({ run, problem: error.message });
  }
};

function engineOf(level) {
  if (!engines.has(level)) engines.set(level, new wasm_bindgen.Engine(JSON.stringify({ level })));
  return engines.get(level);
}
