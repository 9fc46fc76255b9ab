// SPDX-License-Identifier: Apache-2.0
//! The functions of outlier.wit over stream.rs.

mod stream;

use crate::bindings::*;
use stream::Stream;

const MOST_VALUES: usize = 16;

static STREAM: State<Stream> = State::new(Stream::new(0.02, 4.0, 30));

pub struct Component;

impl Guest for Component {
    fn configure<'a>(_call: &'a Call, settings: Settings) -> Result<(), Wrong> {
        let mut wrong = Wrong::empty();
        // Written so that what is not a number is out of range, too.
        if !(settings.weight > 0.0 && settings.weight <= 0.5) {
            wrong = wrong | Wrong::WEIGHT;
        }
        if !(settings.threshold >= 1.0 && settings.threshold <= 100.0) {
            wrong = wrong | Wrong::THRESHOLD;
        }
        if !(2..=1000).contains(&settings.warm_up) {
            wrong = wrong | Wrong::WARM_UP;
        }
        if wrong != Wrong::empty() {
            return Err(wrong);
        }
        *STREAM.borrow_mut() = Stream::new(settings.weight, settings.threshold, settings.warm_up);
        Ok(())
    }

    fn push<'a>(call: &'a Call, values: List<'a, f64>) -> Result<List<'a, Score>, u32> {
        if values.len() > MOST_VALUES {
            return Err(values.len() as u32);
        }
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            return Err(place as u32);
        }
        let scores = call.list(values.len(), Score { distance: 0.0, outlier: false, mean: 0.0, deviation: 0.0 });
        let mut stream = STREAM.borrow_mut();
        for (score, value) in scores.iter_mut().zip(values.iter()) {
            let made = stream.judge(*value);
            *score = Score { distance: made.distance, outlier: made.outlier, mean: made.mean, deviation: made.deviation };
        }
        Ok(List::of(scores))
    }

    fn seen<'a>(_call: &'a Call) -> TupleU64U64 {
        let stream = STREAM.borrow();
        TupleU64U64(stream.seen, stream.outliers)
    }
}
