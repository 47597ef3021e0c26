// As much of a browser as the editor and the parts of the page need to be tried without one.

class FakeElement extends EventTarget {
  constructor(tag) {
    super();
    Object.assign(this, { tag, children: [], attributes: new Map(), style: {}, dataset: {}, hidden: false, own: "", value: "" });
    const names = new Set();
    this.classList = {
      add: (name) => names.add(name),
      remove: (name) => names.delete(name),
      toggle: (name, on) => (on ? names.add(name) : names.delete(name)),
    };
  }
  get textContent() {
    return this.own + this.children.map((child) => child.textContent ?? child).join("");
  }
  set textContent(text) {
    Object.assign(this, { own: String(text), children: [] });
  }
  get firstChild() {
    return this.children[0];
  }
  append(...children) {
    this.children.push(...children);
  }
  replaceChildren(...children) {
    this.children = children;
  }
  insertRow() {
    const row = new FakeElement("tr");
    row.insertCell = () => row.children[row.children.push(new FakeElement("td")) - 1];
    this.append(row);
    return row;
  }
  setAttribute(name, value) {
    this.attributes.set(name, value);
  }
  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }
  /** Elements inside it, of a tag. */
  querySelectorAll(tag) {
    const inside = this.children.filter((child) => child instanceof FakeElement);
    return inside.flatMap((child) => [...(child.tag === tag ? [child] : []), ...child.querySelectorAll(tag)]);
  }
  querySelector(tag) {
    return this.querySelectorAll(tag)[0] ?? null;
  }
  focus() {
    document.activeElement = this;
  }
  click() {
    this.dispatchEvent(new Event("click"));
  }
  async decode() {}
}

/** The storage of a browser, with room for so many characters in an entry. */
export class FakeStorage {
  constructor(room = Infinity) {
    Object.assign(this, { room, entries: new Map() });
  }
  get length() {
    return this.entries.size;
  }
  key(i) {
    return [...this.entries.keys()][i];
  }
  getItem(name) {
    return this.entries.get(name) ?? null;
  }
  setItem(name, text) {
    if (text.length > this.room) throw new DOMException("full", "QuotaExceededError");
    this.entries.set(name, text);
  }
  removeItem(name) {
    this.entries.delete(name);
  }
}

export const element = (tag = "div") => new FakeElement(tag);

/** An event with other properties, such as the key that was pressed. */
export const eventOf = (kind, properties = {}) => Object.assign(new Event(kind, { cancelable: true }), properties);

/** Gives the names that modules ask for to globalThis; the observers that were made. */
export function fakeBrowser() {
  const observers = [];
  Object.assign(globalThis, {
    document: { createElement: element, activeElement: null, title: "" },
    innerWidth: 1_280,
    matchMedia: () => new EventTarget(),
    requestAnimationFrame: () => 1,
    addEventListener: () => {},
    confirm: () => true,
    Option: class extends FakeElement {
      constructor(text, value) {
        super("option");
        Object.assign(this, { own: text, value });
      }
    },
    ResizeObserver: class {
      constructor() {
        observers.push(this);
      }
      observe() {
        this.observing = true;
      }
      disconnect() {
        this.observing = false;
      }
    },
  });
  return { observers };
}
