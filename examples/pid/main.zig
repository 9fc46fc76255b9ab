// SPDX-License-Identifier: Apache-2.0
//! The functions of pid.wit over controller.zig.

const w = @import("bindings/pid.zig");
const control = @import("controller.zig");

const Done = w.Result(void, w.Refusal);
const Stepped = w.Result(w.Output, w.Refusal);

var controller = control.Controller{};

fn allFinite(values: []const f32) bool {
    for (values) |value| if (!control.finite(value)) return false;
    return true;
}

pub fn configure(settings: w.Settings) Done {
    const s = settings;
    if (!allFinite(&.{ s.proportional, s.integral, s.derivative, s.lowest, s.highest })) return Done.err(.not_finite);
    if (s.lowest >= s.highest) return Done.err(.bounds);
    controller = .{ .settings = .{
        .proportional = s.proportional,
        .integral = s.integral,
        .derivative = s.derivative,
        .lowest = s.lowest,
        .highest = s.highest,
    } };
    return Done.ok({});
}

pub fn step(set_point: f32, measured: f32, seconds: f32) Stepped {
    if (!allFinite(&.{ set_point, measured, seconds })) return Stepped.err(.not_finite);
    if (seconds <= 0 or seconds > 3600) return Stepped.err(.interval);
    const made = controller.step(set_point, measured, seconds);
    return Stepped.ok(.{
        .value = made.value,
        .limited = made.limited,
        .proportional = made.proportional,
        .integral = made.integral,
        .derivative = made.derivative,
    });
}

pub fn takeOver(output: f32, measured: f32) Done {
    if (!allFinite(&.{ output, measured })) return Done.err(.not_finite);
    controller.wanted = control.clamp(output, controller.settings.lowest, controller.settings.highest);
    controller.measured = measured;
    controller.started = true;
    return Done.ok({});
}
