// SPDX-License-Identifier: Apache-2.0
//! The functions of image8.wit over image.zig.

const w = @import("bindings/image8.zig");
const image = @import("image.zig");

const Transformed = w.Result(w.List(u8), u32);
const Found = w.Result(w.Option(w.Blob), u32);
const pixel_count = image.side * image.side;
/// An operation costs a device some thousand steps.
const most_operations = 8;

fn copied(pixels: w.List(u8)) ?image.Image {
    var copy: image.Image = undefined;
    if (pixels.len != pixel_count) return null;
    for (&copy, pixels.slice()) |*to, from| to.* = from;
    return copy;
}

pub fn transform(pixels: w.List(u8), operations: w.List(w.Operation)) Transformed {
    var picture = copied(pixels) orelse return Transformed.err(pixels.len);
    const wanted = operations.slice();
    for (wanted[0..@min(wanted.len, most_operations)]) |operation| image.apply(&picture, @enumFromInt(@intFromEnum(operation)));
    const made = w.alloc(u8, pixel_count);
    for (made, picture) |*to, from| to.* = from;
    return Transformed.ok(w.List(u8).of(made));
}

pub fn find(pixels: w.List(u8), threshold: u8) Found {
    const picture = copied(pixels) orelse return Found.err(pixels.len);
    const sums = image.Moments.of(&picture, threshold);
    if (sums.area == 0) return Found.ok(w.Option(w.Blob).of(null));
    return Found.ok(w.Option(w.Blob).of(.{
        .area = sums.area,
        .column = sums.column / sums.mass,
        .row = sums.row / sums.mass,
        .angle = w.Option(f32).of(sums.angle()),
        .brightest = sums.brightest,
    }));
}
