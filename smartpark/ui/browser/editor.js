// Draws zones, lines, privacy masks and ground points on the first picture of a clip.
// Names are set as text, never as HTML. Coordinates are pixels of the clip.
const SVG = "http://www.w3.org/2000/svg"
const HISTORY = 100
const SNAP_PX = 12 // screen pixels: a click this near the first corner closes the polygon
const ICONS = {
  select: "M7 2l12 11.2-5.8.5 3.3 7.3-2.2 1-3.2-7.4L7 18.5z",
  zone: "M17 15.7V8.3A2 2 0 1 0 15.7 7H8.3A2 2 0 1 0 7 8.3v7.4A2 2 0 1 0 8.3 17h7.4a2 2 0 1 0 1.3-1.3zM8.3 15.7V8.3h7.4v7.4z",
  line: "M19 3a2 2 0 0 0-1.9 2.7L5.7 17.1a2 2 0 1 0 1.2 1.2L18.3 6.9A2 2 0 1 0 19 3z",
  mask: "M12 7a5 5 0 0 1 5 5l-.4 1.8 2.9 2.9A11.8 11.8 0 0 0 22 12c-1.7-4.4-6-7.5-11-7.5l-4 .7 2.2 2.2zM2 4.3l2.3 2.3A11.8 11.8 0 0 0 1 12a11.8 11.8 0 0 0 15.400 6.800L19.700 22 21 20.700 3.300 3z",
  ground: "M3 17l4-10h10l4 10zm5.300-8-2.400 6h12.200l-2.400-6z",
  remove: "M6 19a2 2 0 0 0 2 2h8a2 2 0 0 0 2-2V7H6zM19 4h-3.500l-1-1h-5l-1 1H5v2h14z",
  reverse: "M7 7h10v3l4-4-4-4v3H5v6h2zm10 10H7v-3l-4 4 4 4v-3h12v-6h-2z",
  undo: "M12.500 8A10.500 10.500 0 0 0 5.600 10.600L2 7v9h9l-3.600-3.600A8 8 0 0 1 20.100 16l2.400-.8A10.500 10.500 0 0 0 12.500 8z",
  redo: "M18.400 10.600A10.500 10.500 0 0 0 1.500 15.200l2.400.8a8 8 0 0 1 12.700-3.600L13 16h9V7z",
}
const DRAWING = ["zone", "line", "mask", "ground"]

function make(tag, props = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value)
    else if (name === "text") node.textContent = value
    else if (name === "class") node.className = value
    else if (value !== null && value !== undefined) node.setAttribute(name, value)
  }
  node.append(...children)
  return node
}

function draw(tag, props = {}, ...children) {
  const node = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(props)) node.setAttribute(name, value)
  node.append(...children)
  return node
}

function icon(name) {
  return draw("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, draw("path", { d: ICONS[name] }))
}

const pointsOf = (points) => points.map((point) => point.join(",")).join(" ")
const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1])
const middleOf = (points) => [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length)

// Text that stands to the left of its point ends there, to the right it begins there.
const anchorFor = (x) => (x < -0.4 ? "end" : x > 0.4 ? "start" : "middle")

class Editor {
  constructor(root) {
    this.tool = "select"
    this.chosen = null
    this.draft = []
    this.cursor = null
    this.past = []
    this.future = []
    this.toolbar = make("div", { class: "tools", role: "toolbar" })
    this.svg = draw("svg", { tabindex: "0" })
    this.canvas = make("div", { class: "canvas" }, this.svg)
    this.hint = make("div", { class: "hint", "aria-live": "polite" })
    root.append(this.toolbar, this.canvas, this.hint)
    this.listen(root)
    new ResizeObserver(() => this.items && this.paint()).observe(this.svg)
  }

  // --- data in and out -------------------------------------------------------------------------

  draw(data, tell) {
    this.tell = tell
    const fresh = !this.data || this.data.token !== data.token
    const relabelled = !this.data || JSON.stringify(this.data.words) !== JSON.stringify(data.words)
    this.data = data
    if (fresh) {
      this.items = structuredClone(data.items)
      this.past = []
      this.future = []
      this.chosen = null
      this.draft = []
      this.svg.setAttribute("viewBox", `0 0 ${data.width} ${data.height}`)
    }
    if (fresh || relabelled) this.buildTools()
    if (this.picture !== data.picture) {
      this.picture = data.picture
      this.image = draw("image", { href: data.picture, width: data.width, height: data.height, preserveAspectRatio: "none" })
    }
    this.paint()
  }

  send() {
    this.tell("drawing", { token: this.data.token, items: this.items, chosen: this.chosen })
  }

  // Remembers the state before a change, makes the change, and tells the page.
  change(step) {
    this.remember()
    step()
    this.settle()
  }

  remember() {
    this.past.push(JSON.stringify(this.items))
    if (this.past.length > HISTORY) this.past.shift()
    this.future = []
  }

  settle() {
    this.paint()
    this.send()
  }

  travel(from, to) {
    const state = from.pop()
    if (state === undefined) return
    to.push(JSON.stringify(this.items))
    this.items = JSON.parse(state)
    if (!this.items.some((item) => item.id === this.chosen)) this.chosen = null
    this.settle()
  }

  // --- tools -----------------------------------------------------------------------------------

  buildTools() {
    const { words } = this.data
    const tool = (name) => {
      const button = make("button", { type: "button", "data-tool": name, onclick: () => this.pick(name) }, icon(name))
      button.append(words[name])
      return button
    }
    const action = (name, run) => {
      const button = make("button", { type: "button", "aria-label": words[name], title: words[name], onclick: run }, icon(name))
      this[`${name}Button`] = button
      return button
    }
    this.name = make("input", { type: "text", maxlength: "80", "aria-label": words.name, placeholder: words.name })
    this.name.addEventListener("change", () => this.rename())
    this.name.addEventListener("keydown", (event) => {
      event.stopPropagation()
      if (event.key === "Enter") this.name.blur()
    })
    this.toolbar.replaceChildren(
      make("span", { class: "group" }, ...["select", "zone", "line", "mask", "ground"].map(tool)),
      make("span", { class: "group" },
        action("undo", () => this.travel(this.past, this.future)),
        action("redo", () => this.travel(this.future, this.past)),
        action("remove", () => this.remove()),
        this.name,
        action("reverse", () => this.reverse())),
    )
  }

  pick(name) {
    this.tool = name
    this.draft = []
    this.cursor = null
    if (name !== "select") this.chosen = null
    this.paint()
    this.svg.focus({ preventScroll: true })
  }

  get item() {
    return this.items.find((entry) => entry.id === this.chosen)
  }

  rename() {
    const { item } = this
    const name = this.name.value.trim()
    if (!item || !name || item.name === name) return
    this.change(() => (item.name = name))
  }

  reverse() {
    const { item } = this
    if (item?.sort === "line") this.change(() => item.points.reverse())
  }

  remove() {
    if (!this.item) return
    this.change(() => {
      this.items = this.items.filter((entry) => entry.id !== this.chosen)
      this.chosen = null
    })
  }

  // --- drawing ---------------------------------------------------------------------------------

  get scale() {
    const box = this.svg.getBoundingClientRect()
    return box.width ? Math.max(this.data.width / box.width, this.data.height / box.height) : 1
  }

  at(event) {
    const matrix = this.svg.getScreenCTM()
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse())
    return this.inside([point.x, point.y])
  }

  inside([x, y]) {
    const clamp = (value, most) => Math.round(Math.min(Math.max(value, 0), most) * 10) / 10
    return [clamp(x, this.data.width - 1), clamp(y, this.data.height - 1)]
  }

  addPoint(point) {
    const corners = this.tool === "zone" || this.tool === "mask"
    if (corners && this.draft.length >= 3 && distance(point, this.draft[0]) < SNAP_PX * this.scale) {
      this.close()
      return
    }
    const last = this.draft[this.draft.length - 1]
    if (last && distance(point, last) < 2 * this.scale) return
    this.draft.push(point)
    if (this.tool === "line" && this.draft.length === 2) this.close()
    else if (this.tool === "ground" && this.draft.length === 4) this.close()
    else this.paint()
  }

  close() {
    const need = { zone: 3, mask: 3, line: 2, ground: 4 }[this.tool]
    if (this.draft.length < need) return
    const sort = this.tool
    const points = this.draft
    this.draft = []
    this.tool = "select"
    this.change(() => {
      if (sort === "ground") this.items = this.items.filter((entry) => entry.sort !== "ground")
      const item = { id: this.freshId(), sort, name: this.freshName(sort), points }
      this.items.push(item)
      this.chosen = item.id
    })
    if (sort !== "ground") {
      this.name.focus({ preventScroll: true })
      this.name.select()
    }
  }

  freshId() {
    return `s${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`
  }

  freshName(sort) {
    const taken = new Set(this.items.filter((entry) => entry.sort === sort).map((entry) => entry.name))
    let number = 1
    while (taken.has(`${this.data.words[sort]} ${number}`)) number += 1
    return `${this.data.words[sort]} ${number}`
  }

  // --- pointer and keys ------------------------------------------------------------------------

  listen(root) {
    const { svg } = this
    svg.addEventListener("pointerdown", (event) => this.press(event))
    svg.addEventListener("pointermove", (event) => this.move(event))
    svg.addEventListener("pointerup", () => this.release())
    svg.addEventListener("pointercancel", () => this.release())
    svg.addEventListener("dblclick", (event) => {
      event.preventDefault()
      if (this.draft.length) this.close()
    })
    root.addEventListener("keydown", (event) => this.key(event))
  }

  press(event) {
    if (event.button !== 0) return
    svgFocus(this.svg)
    const point = this.at(event)
    if (DRAWING.includes(this.tool)) {
      this.cursor = null
      this.addPoint(point)
      return
    }
    const { id, corner, after } = event.target.dataset
    if (id === undefined) {
      if (this.chosen !== null) {
        this.chosen = null
        this.settle()
      }
      return
    }
    const isNew = this.chosen !== id
    this.chosen = id
    const item = this.item
    this.before = JSON.stringify(this.items)
    this.drag = { id, corner, from: point, start: structuredClone(item.points), moved: false, isNew }
    if (after !== undefined) {
      item.points.splice(Number(after) + 1, 0, point)
      Object.assign(this.drag, { corner: String(Number(after) + 1), start: structuredClone(item.points), moved: true })
    }
    this.svg.setPointerCapture(event.pointerId)
    this.paint()
  }

  move(event) {
    const point = this.at(event)
    if (this.draft.length) {
      this.over = point
      this.paint()
      return
    }
    if (!this.drag) return
    const { corner, from, start } = this.drag
    const item = this.item
    if (!this.drag.moved && distance(point, from) < 3 * this.scale) return
    this.drag.moved = true
    if (corner !== undefined) item.points[Number(corner)] = point
    else item.points = this.shifted(start, point[0] - from[0], point[1] - from[1])
    this.paint()
  }

  release() {
    if (!this.drag) return
    const { moved, isNew } = this.drag
    this.drag = null
    if (moved) {
      this.past.push(this.before)
      this.future = []
    }
    if (moved || isNew) this.settle()
  }

  // The whole shape stays inside the picture.
  shifted(points, dx, dy) {
    const xs = points.map((point) => point[0])
    const ys = points.map((point) => point[1])
    const right = Math.min(Math.max(dx, -Math.min(...xs)), this.data.width - 1 - Math.max(...xs))
    const down = Math.min(Math.max(dy, -Math.min(...ys)), this.data.height - 1 - Math.max(...ys))
    return points.map(([x, y]) => this.inside([x + right, y + down]))
  }

  key(event) {
    const ctrl = event.ctrlKey || event.metaKey
    const low = event.key.toLowerCase()
    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
    if (ctrl && low === "z" && !event.shiftKey) this.travel(this.past, this.future)
    else if (ctrl && (low === "y" || low === "z")) this.travel(this.future, this.past)
    else if (event.target.closest?.("button")) return
    else if (event.key in arrows) this.nudge(event, arrows[event.key])
    else if (event.key === "Enter" && this.draft.length) this.close()
    else if ((event.key === " " || event.key === "Enter") && this.cursor) this.addPoint(this.cursor)
    else if (event.key === "Escape") this.pick("select")
    else if (event.key === "Backspace" && this.draft.length) {
      this.draft.pop()
      this.paint()
    } else if (event.key === "Delete" || event.key === "Backspace") this.removeAt(event.target)
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  nudge(event, [dx, dy]) {
    const far = event.shiftKey ? 10 : 1
    if (DRAWING.includes(this.tool)) {
      const [x, y] = this.cursor ?? [this.data.width / 2, this.data.height / 2]
      const step = 10 * this.scale * (event.shiftKey ? 4 : 1)
      this.cursor = this.inside([x + dx * step, y + dy * step])
      this.over = this.cursor
      this.paint()
      return
    }
    const { corner } = event.target.dataset ?? {}
    const { item } = this
    if (!item) return
    this.change(() => {
      if (corner !== undefined) {
        const [x, y] = item.points[Number(corner)]
        item.points[Number(corner)] = this.inside([x + dx * far, y + dy * far])
      } else item.points = this.shifted(item.points, dx * far, dy * far)
    })
  }

  removeAt(target) {
    const { corner } = target.dataset ?? {}
    const { item } = this
    if (!item) return
    const least = { zone: 3, mask: 3 }[item.sort]
    if (corner !== undefined && least && item.points.length > least) {
      this.change(() => item.points.splice(Number(corner), 1))
    } else this.remove()
  }

  // --- painting --------------------------------------------------------------------------------

  paint() {
    const { scale } = this
    const active = this.svg.getRootNode().activeElement
    const focused = this.svg.contains(active) && active !== this.svg ? active.dataset : null
    const nodes = [this.image]
    for (const item of this.items) nodes.push(...this.shapeOf(item, scale))
    if (this.item) nodes.push(...this.handlesOf(this.item, scale))
    if (this.draft.length) nodes.push(...this.draftOf(scale))
    if (this.cursor) nodes.push(...this.crossOf(scale))
    this.svg.replaceChildren(...nodes)
    this.svg.classList.toggle("drawing", DRAWING.includes(this.tool))
    if (focused) {
      // What had the focus was drawn anew, or is gone; keys must still reach the editor.
      const again = focused.corner === undefined
        ? this.svg.querySelector(`.shape[data-id="${focused.id}"]`)
        : this.svg.querySelector(`.handle[data-corner="${focused.corner}"]`)
      ;(again ?? this.svg).focus({ preventScroll: true })
    }
    this.paintTools()
  }

  shapeOf(item, scale) {
    const chosen = item.id === this.chosen ? " chosen" : ""
    const shared = { "data-id": item.id, tabindex: "0", role: "button", "aria-label": item.name }
    const label = draw("text", { class: "label", "font-size": 15 * scale, style: "text-anchor: middle" })
    label.textContent = item.name
    if (item.sort === "line") return this.lineOf(item, scale, shared, chosen, label)
    const shape = draw("polygon", { class: `shape ${item.sort}${chosen}`, points: pointsOf(item.points), ...shared })
    shape.addEventListener("focus", () => this.focusOn(item.id))
    const [x, y] = middleOf(item.points)
    label.setAttribute("x", x)
    label.setAttribute("y", y)
    if (item.sort === "ground") {
      return [shape, ...item.points.map((point, index) => this.numberAt(point, index + 1, scale))]
    }
    return item.sort === "mask" ? [shape] : [shape, label]
  }

  numberAt([x, y], number, scale) {
    const text = draw("text", { class: "label", x, y: y - 16 * scale, "font-size": 15 * scale, style: "text-anchor: middle" })
    text.textContent = String(number)
    return text
  }

  lineOf(item, scale, shared, chosen, label) {
    const [[sx, sy], [ex, ey]] = item.points
    const ends = { x1: sx, y1: sy, x2: ex, y2: ey }
    const hit = draw("line", { class: "shape hit", ...ends, ...shared })
    hit.addEventListener("focus", () => this.focusOn(item.id))
    const length = Math.hypot(ex - sx, ey - sy) || 1
    // `in` is where s(p) turns positive: to the left of the drawn direction in picture axes.
    const [nx, ny] = [-(ey - sy) / length, (ex - sx) / length]
    const [mx, my] = [(sx + ex) / 2, (sy + ey) / 2]
    const tip = [mx + nx * 34 * scale, my + ny * 34 * scale]
    const back = [tip[0] - nx * 10 * scale, tip[1] - ny * 10 * scale]
    const [tx, ty] = [ny * 7 * scale, -nx * 7 * scale]
    const arrow = draw("path", {
      class: "arrow",
      d: `M${mx},${my}L${tip}M${back[0] + tx},${back[1] + ty}L${tip}L${back[0] - tx},${back[1] - ty}`,
    })
    const into = draw("text", {
      class: "label", x: tip[0] + nx * 6 * scale, y: tip[1] + ny * 14 * scale, "font-size": 13 * scale,
      style: `text-anchor: ${anchorFor(nx)}`,
    })
    into.textContent = this.data.words.in
    label.setAttribute("x", mx - nx * 10 * scale)
    label.style.textAnchor = anchorFor(-nx)
    label.setAttribute("y", my - ny * 18 * scale)
    return [draw("line", { class: `line${chosen}`, ...ends }), hit, arrow, into, label]
  }

  focusOn(id) {
    if (this.tool !== "select" || this.chosen === id || this.drag) return
    this.chosen = id
    this.settle()
  }

  handlesOf(item, scale) {
    const closed = item.sort !== "line"
    const middles = closed && item.sort !== "ground"
      ? item.points.map((point, index) => {
          const next = item.points[(index + 1) % item.points.length]
          const [cx, cy] = middleOf([point, next])
          return draw("circle", { class: "middle", cx, cy, r: 4.5 * scale, "data-id": item.id, "data-after": index })
        })
      : []
    const corners = item.points.map(([cx, cy], index) =>
      draw("circle", {
        class: "handle", cx, cy, r: 7 * scale, "data-id": item.id, "data-corner": index, tabindex: "0",
        role: "button", "aria-label": `${item.name} ${index + 1}`,
      }))
    return [...middles, ...corners]
  }

  draftOf(scale) {
    const points = this.over ? [...this.draft, this.over] : this.draft
    const outline = draw(this.tool === "line" ? "polyline" : "polygon", { class: "draft", points: pointsOf(points) })
    const spots = this.draft.map(([cx, cy], index) =>
      draw("circle", { class: "spot", cx, cy, r: (index === 0 ? 8 : 5) * scale }))
    return [outline, ...spots]
  }

  crossOf(scale) {
    const [x, y] = this.cursor
    const arm = 12 * scale
    return [
      draw("line", { class: "cross", x1: x - arm, x2: x + arm, y1: y, y2: y }),
      draw("line", { class: "cross", x1: x, x2: x, y1: y - arm, y2: y + arm }),
    ]
  }

  paintTools() {
    const { words } = this.data
    for (const button of this.toolbar.querySelectorAll("[data-tool]")) {
      const on = button.dataset.tool === this.tool
      button.classList.toggle("on", on)
      button.setAttribute("aria-pressed", String(on))
    }
    const { item } = this
    this.undoButton.disabled = this.past.length === 0
    this.redoButton.disabled = this.future.length === 0
    this.removeButton.disabled = !item
    this.reverseButton.hidden = item?.sort !== "line"
    this.name.hidden = !item || ["mask", "ground"].includes(item.sort)
    if (item && this.name.getRootNode().activeElement !== this.name) this.name.value = item.name
    const key = this.tool === "select" ? (item ? "hint_chosen" : "hint_select") : `hint_${this.tool}`
    if (this.hint.textContent !== words[key]) this.hint.textContent = words[key]
  }
}

function svgFocus(svg) {
  svg.focus({ preventScroll: true })
}

const editors = new WeakMap()

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".part")
  if (!editors.has(root)) editors.set(root, new Editor(root))
  editors.get(root).draw(data, setStateValue)
}
