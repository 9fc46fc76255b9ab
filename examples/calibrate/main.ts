// SPDX-License-Identifier: Apache-2.0
// The functions of calibrate.wit: a straight line by least squares, about the mean so that large readings lose nothing.

import * as w from "./bindings/calibrate";

const MOST_POINTS: u32 = 32;

let known: bool = false;
let gain: f64 = 0;
let offset: f64 = 0;
let worst: f64 = 0;

function refused(refusal: w.Refusal): w.ResultLineRefusal {
  return w.ResultLineRefusal.ofErr(refusal);
}

function firstNotFinite(points: w.ListPoint): i32 {
  for (let at: u32 = 0; at < points.length; at++) {
    if (!isFinite(points[at].raw) || !isFinite(points[at].reference)) return <i32>at;
  }
  return -1;
}

function line(): w.Line {
  const made = w.Line.alloc();
  made.gain = gain;
  made.offset = offset;
  made.worst = worst;
  return made;
}

function keep(points: w.ListPoint, slope: f64, raw: f64, reference: f64): void {
  known = true;
  gain = slope;
  offset = reference - slope * raw;
  worst = 0;
  for (let at: u32 = 0; at < points.length; at++) {
    worst = max(worst, abs(gain * points[at].raw + offset - points[at].reference));
  }
}

export function fit(points: w.ListPoint): w.ResultLineRefusal {
  const count = points.length;
  if (count < 2 || count > MOST_POINTS) return refused(w.Refusal.ofCount(count));
  const wrong = firstNotFinite(points);
  if (wrong >= 0) return refused(w.Refusal.ofNotFinite(<u32>wrong));
  let raw: f64 = 0;
  let reference: f64 = 0;
  for (let at: u32 = 0; at < count; at++) {
    raw += points[at].raw / count;
    reference += points[at].reference / count;
  }
  let spread: f64 = 0;
  let together: f64 = 0;
  for (let at: u32 = 0; at < count; at++) {
    const difference = points[at].raw - raw;
    spread += difference * difference;
    together += difference * (points[at].reference - reference);
  }
  if (spread == 0) return refused(w.Refusal.ofVertical());
  keep(points, together / spread, raw, reference);
  return w.ResultLineRefusal.ofOk(line());
}

export function apply(raw: f64): w.OptionF64 {
  return known ? w.OptionF64.of(gain * raw + offset) : w.OptionF64.none();
}

export function current(): w.OptionLine {
  return known ? w.OptionLine.of(line()) : w.OptionLine.none();
}
