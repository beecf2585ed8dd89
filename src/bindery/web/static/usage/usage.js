// The plots of usage.

import { dataOf } from "../dom.js";
import { drawDays } from "./plot.js";

const texts = dataOf("texts");
const plots = dataOf("plots");
for (const holder of document.querySelectorAll("[data-plot]")) drawDays(holder, plots[Number(holder.dataset.plot)], texts);
