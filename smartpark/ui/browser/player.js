// Plays a clip beside its events; a click on an event jumps to it.
// Every text comes in as data and is set as text, never as HTML.
const LEAD_S = 1 // an event is shown from a moment before it begins
const LANE_PX = 18
const ICONS = {
  play: "M8 5v14l11-7z",
  pause: "M6 5h4v14H6zm8 0h4v14h-4z",
  previous: "M6 6h2v12H6zm3.5 6 8.5 6V6z",
  next: "M6 18l8.5-6L6 6zm10-12h2v12h-2z",
}

function make(tag, props = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value)
    else if (name === "text") node.textContent = value
    else if (name === "class") node.className = value
    else if (name === "style") Object.assign(node.style, value)
    else if (value !== null && value !== undefined) node.setAttribute(name, value)
  }
  node.append(...children)
  return node
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  svg.setAttribute("viewBox", "0 0 24 24")
  svg.setAttribute("aria-hidden", "true")
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path")
  path.setAttribute("d", ICONS[name])
  svg.append(path)
  return svg
}

function clock(seconds, tenths = false) {
  const whole = Math.max(0, seconds)
  const h = Math.floor(whole / 3600)
  const m = Math.floor((whole % 3600) / 60)
  const s = whole % 60
  const tail = tenths ? s.toFixed(1).padStart(4, "0") : String(Math.floor(s)).padStart(2, "0")
  return h ? `${h}:${String(m).padStart(2, "0")}:${tail}` : `${m}:${tail}`
}

// Bars that overlap in time go into different lanes; lanes are few, so later ones share the last.
function lanesOf(events, duration) {
  const ends = []
  return events.map((event) => {
    const width = Math.max(event.end - event.start, duration / 90)
    let lane = ends.findIndex((end) => end <= event.start)
    if (lane < 0) lane = ends.length < 5 ? ends.length : 4
    ends[lane] = event.start + width
    return lane
  })
}

class Player {
  constructor(root) {
    this.video = make("video", { playsinline: "", preload: "auto", tabindex: "-1" })
    this.video.muted = true
    this.frame = make("div", { class: "frame" }, this.video)
    this.playButton = this.button("play", () => this.toggle())
    this.playButton.classList.add("main")
    this.backButton = this.button("previous", () => this.step(-1))
    this.nextButton = this.button("next", () => this.step(1))
    this.now = make("span", { class: "now", text: "0:00" })
    this.of = make("span", { class: "of" })
    this.speed = make("select", { onchange: () => (this.video.playbackRate = Number(this.speed.value)) },
      ...[0.25, 0.5, 1, 2, 4].map((rate) => make("option", { value: rate, text: `${rate}×` })))
    this.speed.value = "1"
    this.controls = make("div", { class: "controls" }, this.backButton, this.playButton, this.nextButton,
      make("span", { class: "time" }, this.now, this.of), this.speed)
    this.head = make("div", { class: "head" })
    this.timeline = make("div", { class: "timeline", tabindex: "0", role: "slider" })
    this.ticks = make("div", { class: "ticks" })
    this.list = make("div", { class: "list" })
    this.stage = make("div", { class: "stage" }, this.frame, this.controls, this.timeline, this.ticks)
    this.side = make("div", { class: "side" }, this.list)
    root.append(make("div", { class: "wrap" }, make("div", { class: "player" }, this.stage, this.side)))
    this.listen()
  }

  button(name, onclick) {
    return make("button", { type: "button", onclick }, icon(name))
  }

  listen() {
    const { video } = this
    this.frame.addEventListener("click", () => this.toggle())
    for (const name of ["timeupdate", "seeked", "loadedmetadata"]) video.addEventListener(name, () => this.show())
    for (const name of ["play", "pause", "ended"]) video.addEventListener(name, () => this.showState())
    video.addEventListener("error", () => this.frame.replaceChildren(make("p", { text: this.data.words.unplayable })))
    const follow = () => {
      if (!video.paused) this.show()
      if (this.stage.isConnected) requestAnimationFrame(follow)
    }
    video.addEventListener("play", () => requestAnimationFrame(follow))
    const seek = (event) => {
      const box = this.timeline.getBoundingClientRect()
      this.seek(((event.clientX - box.left) / box.width) * this.duration)
    }
    this.timeline.addEventListener("pointerdown", (event) => {
      if (event.target.dataset.id) return
      this.timeline.setPointerCapture(event.pointerId)
      seek(event)
    })
    this.timeline.addEventListener("pointermove", (event) => {
      if (this.timeline.hasPointerCapture(event.pointerId)) seek(event)
    })
    this.stage.addEventListener("keydown", (event) => this.key(event))
  }

  key(event) {
    if (event.target === this.speed) return
    const steps = { ArrowLeft: -2, ArrowRight: 2, ",": -1 / this.fps, ".": 1 / this.fps }
    if (event.key in steps) this.seek(this.video.currentTime + steps[event.key])
    else if (event.key === " " && event.target.tagName !== "BUTTON") this.toggle()
    else if (event.key === "n") this.step(1)
    else if (event.key === "p") this.step(-1)
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  get duration() {
    return this.video.duration || this.data?.duration || 1
  }

  get fps() {
    return this.data?.fps || 25
  }

  seek(seconds) {
    this.video.currentTime = Math.min(Math.max(0, seconds), this.duration)
    this.show()
  }

  toggle() {
    if (this.video.paused) this.video.play().catch(() => {})
    else this.video.pause()
  }

  step(direction) {
    const now = this.video.currentTime
    const { events } = this.data
    const after = events.find((event) => event.start - LEAD_S > now + 0.3)
    const before = events.filter((event) => event.start - LEAD_S < now - 1.5).pop()
    const target = direction > 0 ? after : before
    if (target) this.choose(target.id)
  }

  choose(id, { play = true, tell = true } = {}) {
    const event = this.data.events.find((entry) => entry.id === id)
    if (!event) return
    this.chosen = id
    this.seek(event.start - LEAD_S)
    if (play) this.video.play().catch(() => {})
    this.mark(true)
    if (tell) this.tell("event", id)
  }

  mark(scroll = false) {
    for (const node of [...this.list.children, ...this.timeline.children]) {
      node.classList.toggle("chosen", node.dataset.id === this.chosen && Boolean(this.chosen))
    }
    const row = this.list.querySelector(".chosen")
    if (scroll && row) {
      const top = row.offsetTop - this.list.offsetTop
      const seen = top >= this.list.scrollTop && top + row.offsetHeight <= this.list.scrollTop + this.list.clientHeight
      if (!seen) this.list.scrollTop = top - 40
    }
  }

  show() {
    const now = this.video.currentTime
    this.now.textContent = clock(now, true)
    this.of.textContent = ` / ${clock(this.duration)}`
    this.head.style.left = `${(now / this.duration) * 100}%`
    this.timeline.setAttribute("aria-valuenow", now.toFixed(1))
    this.timeline.setAttribute("aria-valuetext", clock(now))
    for (const row of this.list.children) {
      row.classList.toggle("now", Number(row.dataset.start) <= now && now <= Number(row.dataset.end))
    }
  }

  showState() {
    this.playButton.replaceChildren(icon(this.video.paused ? "play" : "pause"))
    this.playButton.setAttribute("aria-label", this.video.paused ? this.data.words.play : this.data.words.pause)
  }

  draw(data, tell) {
    const first = this.data === undefined
    this.tell = tell
    const same = !first && JSON.stringify(this.data) === JSON.stringify(data)
    this.data = data
    if (same) return
    if (this.source !== data.video) {
      this.source = data.video
      this.video.src = data.video
    }
    this.frame.style.setProperty("--ratio", `${data.width} / ${data.height}`)
    this.side.hidden = data.events.length === 0
    this.label()
    this.drawTimeline()
    this.drawList()
    this.showState()
    this.show()
    if (first && data.chosen) {
      this.chosen = data.chosen
      const jump = () => this.choose(data.chosen, { play: false, tell: false })
      if (this.video.readyState > 0) jump()
      else this.video.addEventListener("loadedmetadata", jump, { once: true })
    }
    this.mark(first)
  }

  label() {
    const { words } = this.data
    this.backButton.setAttribute("aria-label", words.previous)
    this.backButton.title = words.previous
    this.nextButton.setAttribute("aria-label", words.next)
    this.nextButton.title = words.next
    this.speed.setAttribute("aria-label", words.speed)
    this.timeline.setAttribute("aria-label", words.timeline)
    this.timeline.setAttribute("aria-valuemin", "0")
    this.timeline.setAttribute("aria-valuemax", this.data.duration.toFixed(1))
  }

  drawTimeline() {
    const { events, duration, words } = this.data
    const lanes = lanesOf(events, duration)
    const count = Math.max(1, ...lanes.map((lane) => lane + 1))
    this.timeline.style.height = `${count * LANE_PX + 12}px`
    const bars = events.map((event, index) =>
      make("button", {
        type: "button",
        class: `bar ${event.severity}`,
        tabindex: "-1",
        "data-id": event.id,
        title: `${clock(event.start)} ${event.title}`,
        "aria-label": `${words.jump} ${clock(event.start)} ${event.title}`,
        style: {
          left: `${(event.start / duration) * 100}%`,
          width: `${(Math.max(0, event.end - event.start) / duration) * 100}%`,
          top: `${6 + lanes[index] * LANE_PX + 3}px`,
        },
        onclick: () => this.choose(event.id),
      }))
    this.timeline.replaceChildren(...bars, this.head)
    const marks = [0, 0.25, 0.5, 0.75, 1]
    this.ticks.replaceChildren(
      ...marks.map((share) => make("span", { text: clock(duration * share), style: { left: `${share * 100}%` } })))
  }

  drawList() {
    const rows = this.data.events.map((event) => {
      const shot = event.snapshot
        ? make("img", { src: event.snapshot, alt: "", loading: "lazy" })
        : make("span", { class: "blank" })
      const title = make("span", { class: "title" }, make("span", { text: event.title }),
        make("span", { class: "when", text: clock(event.start) }))
      const body = make("span", {}, title, make("span", { class: "text", text: event.text }))
      if (event.state_name && event.state !== "open") body.append(make("span", { class: "state", text: event.state_name }))
      const closed = event.state && event.state !== "open" ? " closed" : ""
      return make("button", {
        type: "button",
        class: `row ${event.severity}${closed}`,
        "data-id": event.id,
        "data-start": event.start,
        "data-end": event.end,
        onclick: () => this.choose(event.id),
      }, shot, body)
    })
    const { scrollTop } = this.list
    this.list.replaceChildren(...rows)
    this.list.scrollTop = scrollTop
  }
}

const players = new WeakMap()

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".part")
  if (!players.has(root)) players.set(root, new Player(root))
  players.get(root).draw(data, setStateValue)
}
