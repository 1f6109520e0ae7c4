// `data-shows-current`: a row of links that may be wider than a phone. The link of this
// page is brought into sight.

for (const row of document.querySelectorAll("[data-shows-current]")) {
  const here = row.querySelector("[aria-current]");
  if (!here || row.scrollWidth <= row.clientWidth) continue;
  const place = here.getBoundingClientRect();
  const frame = row.getBoundingClientRect();
  row.scrollLeft += place.left + place.width / 2 - (frame.left + frame.width / 2);
}
