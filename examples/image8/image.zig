// SPDX-License-Identifier: Apache-2.0
//! Operations on an 8x8 grey image.

pub const side = 8;
pub const Image = [side * side]u8;

/// The pixel there; outside of the image the nearest one inside.
fn at(image: *const Image, column: i32, row: i32) i32 {
    return image[@intCast(inside(row) * side + inside(column))];
}

fn inside(place: i32) i32 {
    return if (place < 0) 0 else if (place >= side) side - 1 else place;
}

/// The mean of the 3x3 neighbourhood, rounded to the nearest, halves up.
fn blurred(image: *const Image, column: i32, row: i32) u8 {
    var sum: i32 = 0;
    var place: i32 = 0;
    while (place < 9) : (place += 1) sum += at(image, column + @rem(place, 3) - 1, row + @divTrunc(place, 3) - 1);
    return @intCast(@divTrunc(2 * sum + 9, 18));
}

/// Sobel: differences of the sides, the middle twice; the sum of both sizes, at most 255.
fn edge(image: *const Image, column: i32, row: i32) u8 {
    var across: i32 = 0;
    var down: i32 = 0;
    var step: i32 = -1;
    while (step <= 1) : (step += 1) {
        const weight: i32 = if (step == 0) 2 else 1;
        across += weight * (at(image, column + 1, row + step) - at(image, column - 1, row + step));
        down += weight * (at(image, column + step, row + 1) - at(image, column + step, row - 1));
    }
    const strength = size(across) + size(down);
    return if (strength > 255) 255 else @intCast(strength);
}

fn size(value: i32) i32 {
    return if (value < 0) -value else value;
}

pub const Operation = enum { blur, edges, stretch, turn, mirror };

pub fn apply(image: *Image, operation: Operation) void {
    if (operation == .stretch) return stretch(image);
    const before = image.*;
    for (image, 0..) |*pixel, index| {
        const column: i32 = @intCast(index % side);
        const row: i32 = @intCast(index / side);
        pixel.* = switch (operation) {
            .blur => blurred(&before, column, row),
            .edges => edge(&before, column, row),
            .turn => @intCast(at(&before, row, side - 1 - column)),
            else => @intCast(at(&before, side - 1 - column, row)),
        };
    }
}

/// An image of one brightness stays as it is.
fn stretch(image: *Image) void {
    var darkest: u32 = 255;
    var brightest: u32 = 0;
    for (image) |pixel| {
        if (pixel < darkest) darkest = pixel;
        if (pixel > brightest) brightest = pixel;
    }
    if (darkest == brightest) return;
    for (image) |*pixel| pixel.* = @intCast((pixel.* - darkest) * 255 / (brightest - darkest));
}

/// Sums over the pixels at or above a threshold, weighted by brightness.
pub const Moments = struct {
    area: u32 = 0,
    mass: f32 = 0,
    column: f32 = 0,
    row: f32 = 0,
    columns: f32 = 0,
    rows: f32 = 0,
    both: f32 = 0,
    brightest: u8 = 0,

    pub fn of(image: *const Image, threshold: u8) Moments {
        var sums = Moments{};
        for (image, 0..) |pixel, index| {
            if (pixel < threshold) continue;
            sums.area += 1;
            if (pixel > sums.brightest) sums.brightest = pixel;
            // Black counts a little, so that an image of zeros has a centre, too.
            sums.add(if (pixel == 0) 0.001 else @floatFromInt(pixel), @floatFromInt(index % side), @floatFromInt(index / side));
        }
        return sums;
    }

    fn add(sums: *Moments, weight: f32, column: f32, row: f32) void {
        sums.mass += weight;
        sums.column += weight * column;
        sums.row += weight * row;
        sums.columns += weight * column * column;
        sums.rows += weight * row * row;
        sums.both += weight * column * row;
    }

    /// Degrees of the longer axis, from the second moments; nothing when no axis is longer than the other.
    pub fn angle(sums: *const Moments) ?f32 {
        const column = sums.column / sums.mass;
        const row = sums.row / sums.mass;
        const wide = sums.columns / sums.mass - column * column;
        const high = sums.rows / sums.mass - row * row;
        const skew = sums.both / sums.mass - column * row;
        const difference = wide - high;
        if (difference * difference + 4 * skew * skew < 0.0001) return null;
        return arcTangent(2 * skew, difference) / 2;
    }
};

/// atan2(y, x) in degrees, to 0.01. Abramowitz and Stegun, 4.4.49.
fn arcTangent(y: f32, x: f32) f32 {
    const tall = @abs(y) > @abs(x);
    const ratio = if (tall) @abs(x) / @abs(y) else @abs(y) / @abs(x);
    const square = ratio * ratio;
    const series = ratio * (0.9998660 + square * (-0.3302995 + square * (0.1801410 + square * (-0.0851330 + square * 0.0208351))));
    const first = series * (180.0 / 3.14159265);
    const upper = if (tall) 90 - first else first;
    const side_of = if (x < 0) 180 - upper else upper;
    return if (y < 0) -side_of else side_of;
}
