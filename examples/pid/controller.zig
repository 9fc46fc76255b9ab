// SPDX-License-Identifier: Apache-2.0
//! The control law: parallel form, derivative on the measurement, integral held while the output is cut (conditional
//! integration). K. J. Åström, T. Hägglund, "Advanced PID Control" (2006), chapter 3.

pub const Settings = struct {
    proportional: f32 = 1,
    integral: f32 = 0,
    derivative: f32 = 0,
    lowest: f32 = 0,
    highest: f32 = 100,
};

pub const Output = struct {
    value: f32,
    limited: bool,
    proportional: f32,
    integral: f32,
    derivative: f32,
};

pub const Controller = struct {
    settings: Settings = .{},
    integral: f32 = 0,
    measured: f32 = 0,
    /// Whether there is a measurement to take a difference with.
    started: bool = false,
    /// What the next step's output is to be, whatever its error.
    wanted: ?f32 = null,

    pub fn step(self: *Controller, set_point: f32, measured: f32, seconds: f32) Output {
        const s = self.settings;
        const difference = set_point - measured;
        const proportional = s.proportional * difference;
        const derivative = if (self.started) -s.derivative * (measured - self.measured) / seconds else 0;
        const grown = if (self.wanted) |wanted| wanted - proportional - derivative else self.integral + s.integral * difference * seconds;
        const free = proportional + grown + derivative;
        const value = clamp(free, s.lowest, s.highest);
        // Growth that pushes further into a bound is not kept; growth that leads out of it is.
        const deeper = (free > s.highest and grown > self.integral) or (free < s.lowest and grown < self.integral);
        if (!deeper) self.integral = grown;
        self.measured = measured;
        self.started = true;
        self.wanted = null;
        return .{
            .value = value,
            .limited = value != free,
            .proportional = proportional,
            .integral = self.integral,
            .derivative = derivative,
        };
    }
};

pub fn clamp(value: f32, lowest: f32, highest: f32) f32 {
    return if (value < lowest) lowest else if (value > highest) highest else value;
}

pub fn finite(value: f32) bool {
    // An infinity minus itself is not a number, and no number that is not one equals itself.
    return value - value == 0;
}
