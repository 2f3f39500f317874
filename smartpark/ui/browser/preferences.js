// Keeps the reader's language and name in cookies, so that a reload finds them again.
const YEAR_S = 31536000

export default function ({ data }) {
  for (const name of ["language", "operator"]) {
    const wanted = `smartpark_${name}=${encodeURIComponent(data[name] ?? "")}`
    if (!document.cookie.split("; ").includes(wanted)) {
      document.cookie = `${wanted}; path=/; max-age=${YEAR_S}; samesite=lax`
    }
  }
  document.documentElement.lang = data.language === "zh" ? "zh-CN" : "en"
}
