"use strict";
// What the scripts of all pages share. Text from documents and packs may be hostile, so it is inserted
// as text and never as markup.

const data = JSON.parse(document.getElementById("data").textContent);
const by = (id) => document.getElementById(id);

// Makes an element. Children that are strings become text nodes.
function el(tag, attributes, ...children) {
  const svg = ["svg", "rect", "line", "text", "title", "g"].includes(tag);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}
const fill = (id, ...children) => by(id).replaceChildren(...children.flat().filter((child) => child));

// Numbers for display.
const count = (number) => number.toLocaleString("en");
const several = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
