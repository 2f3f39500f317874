// Sends clips to the server one after the other, each streamed from the disk of the browser.
const UPLOAD = "/footage/upload"
const CLOUD = "M19.35 10.04A7.49 7.49 0 0 0 12 4C9.11 4 6.6 5.64 5.35 8.04A5.99 5.99 0 0 0 0 14a6 6 0 0 0 6 6h13a5 5 0 0 0 .35-9.96zM14 13v4h-4v-4H7l5-5 5 5z"

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

function size(bytes) {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`
  return `${Math.max(1, Math.round(bytes / 1e3))} kB`
}

class Uploader {
  constructor(root) {
    this.entries = []
    this.input = make("input", { type: "file", multiple: "", accept: "video/*,.avi,.mkv,.mjpeg", hidden: "" })
    this.input.addEventListener("change", () => {
      this.add(this.input.files)
      this.input.value = ""
    })
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
    svg.setAttribute("viewBox", "0 0 24 24")
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path")
    path.setAttribute("d", CLOUD)
    svg.append(path)
    this.big = make("span", { class: "big" })
    this.small = make("span", { class: "small" })
    this.drop = make("div", { class: "drop", role: "button", tabindex: "0" }, svg, this.big, this.small)
    this.files = make("div", { class: "files", "aria-live": "polite" })
    root.append(this.drop, this.input, this.files)
    this.listen()
  }

  listen() {
    this.drop.addEventListener("click", () => this.input.click())
    this.drop.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault()
        this.input.click()
      }
    })
    for (const name of ["dragenter", "dragover"]) {
      this.drop.addEventListener(name, (event) => {
        event.preventDefault()
        this.drop.classList.add("over")
      })
    }
    for (const name of ["dragleave", "drop"]) {
      this.drop.addEventListener(name, (event) => {
        event.preventDefault()
        this.drop.classList.remove("over")
      })
    }
    this.drop.addEventListener("drop", (event) => this.add(event.dataTransfer.files))
  }

  draw(data, tell) {
    this.data = data
    this.tell = tell
    this.big.textContent = data.words.drop
    this.small.textContent = data.limits
    this.drop.setAttribute("aria-label", `${data.words.choose}. ${data.limits}`)
    for (const entry of this.entries) this.paint(entry)
  }

  add(files) {
    for (const file of files) {
      const entry = { file, state: "waiting", share: 0, note: null }
      if (file.size > this.data.limit_bytes) Object.assign(entry, { state: "refused", note: this.data.too_large })
      else if (file.size === 0) Object.assign(entry, { state: "refused", note: this.data.words.empty_file })
      entry.node = this.nodeOf(entry)
      this.entries.push(entry)
      this.files.append(entry.node)
      this.paint(entry)
    }
    this.next()
  }

  nodeOf(entry) {
    entry.label = make("span", { class: "state" })
    entry.button = make("button", { type: "button", onclick: () => this.press(entry) })
    entry.fill = make("div", { class: "fill" })
    entry.bar = make("div", { class: "bar" }, entry.fill)
    entry.text = make("span", { class: "note" })
    return make("div", { class: "file" }, make("span", { class: "name", text: entry.file.name }),
      entry.label, entry.button, entry.bar, entry.text)
  }

  paint(entry) {
    const { words } = this.data
    const moving = ["waiting", "sending", "checking"].includes(entry.state)
    entry.node.className = `file ${entry.state}`
    const share = entry.state === "sending" ? ` ${Math.floor(entry.share * 100)} %` : ""
    const name = ["refused", "broken"].includes(entry.state) ? "" : words[entry.state] ?? ""
    entry.label.textContent = `${name}${share} · ${size(entry.file.size)}`.replace(/^ · /, "")
    entry.button.textContent = moving ? words.stop : words.again
    entry.button.hidden = ["stored", "known", "refused", "checking"].includes(entry.state)
    entry.bar.hidden = !moving
    entry.fill.style.width = `${entry.share * 100}%`
    const reason = entry.note && typeof entry.note === "object" ? entry.note[this.data.language] : entry.note
    entry.text.textContent = reason ?? ""
    entry.text.hidden = !reason
  }

  press(entry) {
    if (entry.state === "waiting") this.end(entry, "stopped")
    else if (entry.state === "sending") entry.request.abort()
    else {
      Object.assign(entry, { state: "waiting", share: 0, note: null })
      this.paint(entry)
      this.next()
    }
  }

  next() {
    if (this.entries.some((entry) => ["sending", "checking"].includes(entry.state))) return
    const entry = this.entries.find((candidate) => candidate.state === "waiting")
    if (entry) this.send(entry)
  }

  send(entry) {
    const request = new XMLHttpRequest()
    entry.request = request
    entry.state = "sending"
    request.open("PUT", UPLOAD)
    request.setRequestHeader("X-SmartPark-Upload", "1")
    request.setRequestHeader("X-SmartPark-Name", encodeURIComponent(entry.file.name))
    request.setRequestHeader("Content-Type", "application/octet-stream")
    request.upload.onprogress = (event) => {
      entry.share = event.loaded / Math.max(1, event.total)
      this.paint(entry)
    }
    request.upload.onload = () => {
      entry.state = "checking"
      this.paint(entry)
    }
    request.onload = () => this.answer(entry, request)
    request.onerror = () => this.end(entry, "broken", this.data.words.broken)
    request.onabort = () => this.end(entry, "stopped")
    request.send(entry.file)
    this.paint(entry)
  }

  answer(entry, request) {
    let reply = {}
    try {
      reply = JSON.parse(request.responseText)
    } catch {
      reply = {}
    }
    if (request.status === 200) {
      this.end(entry, reply.is_new ? "stored" : "known")
      this.tell("stored", { clip_id: reply.clip_id, at: Date.now() })
    } else {
      this.end(entry, "refused", reply.error ?? this.data.words.broken)
    }
  }

  end(entry, state, note = null) {
    Object.assign(entry, { state, note })
    this.paint(entry)
    this.next()
  }
}

const uploaders = new WeakMap()

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".part")
  if (!uploaders.has(root)) uploaders.set(root, new Uploader(root))
  uploaders.get(root).draw(data, setStateValue)
}
