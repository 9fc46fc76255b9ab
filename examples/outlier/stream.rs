// SPDX-License-Identifier: Apache-2.0
//! Exponentially weighted mean and variance of a stream. T. Finch, "Incremental calculation of weighted mean and variance"
//! (2009), section 9.

/// An outlier is learnt at this part of the weight.
const CAUTION: f64 = 0.1;

pub struct Stream {
    pub weight: f64,
    pub threshold: f64,
    pub warm_up: u32,
    mean: f64,
    variance: f64,
    pub seen: u64,
    pub outliers: u64,
}

pub struct Judgement {
    pub distance: f64,
    pub outlier: bool,
    pub mean: f64,
    pub deviation: f64,
}

impl Stream {
    pub const fn new(weight: f64, threshold: f64, warm_up: u32) -> Stream {
        Stream { weight, threshold, warm_up, mean: 0.0, variance: 0.0, seen: 0, outliers: 0 }
    }

    pub fn judge(&mut self, value: f64) -> Judgement {
        if self.seen == 0 {
            self.mean = value;
        }
        let (mean, deviation) = (self.mean, square_root(self.variance));
        let distance = if self.seen < self.warm_up as u64 { 0.0 } else { distance(value - mean, deviation) };
        let outlier = distance >= self.threshold;
        self.learn(value - mean, if outlier { CAUTION } else { 1.0 });
        self.seen += 1;
        self.outliers += outlier as u64;
        Judgement { distance, outlier, mean, deviation }
    }

    fn learn(&mut self, difference: f64, trust: f64) {
        // At first the plain mean of what there is, until its weight has sunk to the one that was set.
        let plain = 1.0 / (self.seen + 1) as f64;
        let weight = trust * if plain > self.weight { plain } else { self.weight };
        let step = weight * difference;
        self.mean += step;
        self.variance = (1.0 - weight) * (self.variance + difference * step);
    }
}

/// In standard deviations; a stream that never moved makes any move an outlier, but a finite one.
fn distance(difference: f64, deviation: f64) -> f64 {
    let size = if difference < 0.0 { -difference } else { difference };
    let smallest = f64::EPSILON * size;
    if size == 0.0 {
        0.0
    } else {
        size / if deviation > smallest { deviation } else { smallest }
    }
}

/// Newton's method from half of the exponent on; `core` has no square root.
pub fn square_root(value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let mut root = f64::from_bits((value.to_bits() >> 1) + (1023u64 << 51));
    for _ in 0..5 {
        root = 0.5 * (root + value / root);
    }
    root
}
