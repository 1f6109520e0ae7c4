// `<time data-age>`: counts "now" and "5 min" on while the page stays open. Older ages
// are written by the server and do not change within a visit.

const MINUTE = 60_000;
const language = document.documentElement.lang;
const inMinutes = new Intl.NumberFormat(language, { style: "unit", unit: "minute", unitDisplay: "short" });
const asTime = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });

function count() {
  for (const time of document.querySelectorAll("time[data-age]")) {
    const moment = new Date(time.dateTime);
    const minutes = Math.floor((Date.now() - moment) / MINUTE);
    if (minutes < 1 || minutes > 90) continue;
    time.textContent = minutes < 60 ? inMinutes.format(minutes) : asTime.format(moment);
  }
}

setInterval(count, MINUTE / 2);
