// Keeps the page of a replay up to date while it goes on.

const place = document.querySelector("[data-progress]");
const bar = place.querySelector("progress");
const sentence = place.querySelector("[data-sentence]");
const EVERY_MS = 1000;

async function look() {
  try {
    const answer = await fetch(place.dataset.progress, { headers: { Accept: "application/json" } });
    if (!answer.ok) {
      throw new Error(`The server answered ${answer.status}.`);
    }
    const told = await answer.json();
    if (!told.is_open) {
      // The findings are on the page as the server writes it.
      location.reload();
      return;
    }
    bar.max = told.total;
    bar.value = told.done;
    for (const number of place.querySelectorAll("[data-told]")) {
      number.textContent = told[number.dataset.told];
    }
    say(told.sentence);
  } catch {
    say("The server cannot be reached. This page goes on trying; the replay does not need it.");
  }
  setTimeout(look, EVERY_MS);
}

function say(words) {
  // Said anew only if it is new, for those who hear the page.
  if (sentence.textContent !== words) {
    sentence.textContent = words;
  }
}

setTimeout(look, EVERY_MS);
