//! A canvas of linear numbers, noise of several octaves, and shapes with soft edges.

use crate::rng::Rng;

/// Red, green and blue, from 0 to 255 and a little beyond.
pub(crate) type Colour = [f32; 3];

/// The colour of this hue (turns), saturation and value (shares).
pub(crate) fn hsv(hue: f64, saturation: f64, value: f64) -> Colour {
    [5.0, 3.0, 1.0].map(|shift: f64| {
        let k = (shift + hue.rem_euclid(1.0) * 6.0) % 6.0;
        (255.0 * value * (1.0 - saturation * k.min(4.0 - k).clamp(0.0, 1.0))) as f32
    })
}

/// A colour between two.
pub(crate) fn mix(a: Colour, b: Colour, share: f32) -> Colour {
    std::array::from_fn(|channel| a[channel] + (b[channel] - a[channel]) * share)
}

/// The colour in the shade.
pub(crate) fn dark(colour: Colour) -> Colour {
    colour.map(|channel| channel * 0.45)
}

/// Smooth noise from 0 to 1: octaves of random lattices, each twice as fine and half as strong.
pub(crate) struct Noise {
    layers: Vec<(usize, Vec<f32>)>,
}

impl Noise {
    /// With this many lattice points a side in the first octave.
    pub(crate) fn new(rng: &mut Rng, base: usize, octaves: u32) -> Self {
        let layer = |octave: u32| {
            let side = (base << octave).max(2);
            (side, (0..(side + 1) * (side + 1)).map(|_| rng.unit() as f32).collect())
        };
        Self { layers: (0..octaves).map(layer).collect() }
    }

    /// At a place given in shares of the sides.
    pub(crate) fn at(&self, across: f32, down: f32) -> f32 {
        let (mut total, mut norm, mut strength) = (0.0, 0.0, 1.0);
        for (side, lattice) in &self.layers {
            total += strength * smooth(lattice, *side, across, down);
            norm += strength;
            strength *= 0.55;
        }
        total / norm
    }
}

fn smooth(lattice: &[f32], side: usize, across: f32, down: f32) -> f32 {
    let (x, y) = (across.clamp(0.0, 0.999_9) * side as f32, down.clamp(0.0, 0.999_9) * side as f32);
    let ease = |share: f32| share * share * (3.0 - 2.0 * share);
    let (fx, fy) = (ease(x.fract()), ease(y.fract()));
    let place = y as usize * (side + 1) + x as usize;
    let top = lattice[place] + (lattice[place + 1] - lattice[place]) * fx;
    let below = place + side + 1;
    let bottom = lattice[below] + (lattice[below + 1] - lattice[below]) * fx;
    top + (bottom - top) * fy
}

/// A shape by its distance: negative inside, in units of the shorter side.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// Centre and radii.
    Ellipse { x: f32, y: f32, rx: f32, ry: f32 },
    /// Corners.
    Box { left: f32, top: f32, right: f32, bottom: f32 },
    /// Two ends and a thickness.
    Limb { from: (f32, f32), to: (f32, f32), width: f32 },
    /// Corners in order.
    Polygon(Vec<(f32, f32)>),
}

impl Shape {
    fn bounds(&self) -> [f32; 4] {
        match self {
            Self::Ellipse { x, y, rx, ry } => [x - rx, y - ry, x + rx, y + ry],
            Self::Box { left, top, right, bottom } => [*left, *top, *right, *bottom],
            Self::Limb { from, to, width } => [
                from.0.min(to.0) - width,
                from.1.min(to.1) - width,
                from.0.max(to.0) + width,
                from.1.max(to.1) + width,
            ],
            Self::Polygon(corners) => corners.iter().fold([9.0, 9.0, -9.0, -9.0], |bounds, (x, y)| {
                [bounds[0].min(*x), bounds[1].min(*y), bounds[2].max(*x), bounds[3].max(*y)]
            }),
        }
    }

    fn distance(&self, x: f32, y: f32) -> f32 {
        match self {
            Self::Ellipse { x: cx, y: cy, rx, ry } => {
                let (dx, dy) = ((x - cx) / rx, (y - cy) / ry);
                ((dx * dx + dy * dy).sqrt() - 1.0) * rx.min(*ry)
            }
            Self::Box { left, top, right, bottom } => (left - x).max(x - right).max(top - y).max(y - bottom),
            Self::Limb { from, to, width } => segment(*from, *to, x, y) - width / 2.0,
            Self::Polygon(corners) => polygon(corners, x, y),
        }
    }
}

fn segment(from: (f32, f32), to: (f32, f32), x: f32, y: f32) -> f32 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let share = (((x - from.0) * dx + (y - from.1) * dy) / (dx * dx + dy * dy).max(1e-9)).clamp(0.0, 1.0);
    (x - from.0 - share * dx).hypot(y - from.1 - share * dy)
}

fn polygon(corners: &[(f32, f32)], x: f32, y: f32) -> f32 {
    let (mut inside, mut nearest) = (false, f32::MAX);
    let mut before = corners[corners.len() - 1];
    for corner in corners {
        nearest = nearest.min(segment(before, *corner, x, y));
        let crosses = (corner.1 > y) != (before.1 > y);
        if crosses && x < (before.0 - corner.0) * (y - corner.1) / (before.1 - corner.1) + corner.0 {
            inside = !inside;
        }
        before = *corner;
    }
    if inside { -nearest } else { nearest }
}

/// How a shape is filled.
pub(crate) struct Fill<'f> {
    pub(crate) from: Colour,
    pub(crate) to: Colour,
    /// Direction of the slope, in radians.
    pub(crate) angle: f32,
    /// Width of the edge, in units of the shorter side.
    pub(crate) soft: f32,
    /// Noise on the surface, and how strong.
    pub(crate) texture: Option<(&'f Noise, f32)>,
}

impl<'f> Fill<'f> {
    /// From a colour into its shade.
    pub(crate) fn shaded(colour: Colour, angle: f32, texture: &'f Noise, strength: f32) -> Self {
        Self { from: colour, to: dark(colour), angle, soft: 0.002, texture: Some((texture, strength)) }
    }

    /// One colour.
    pub(crate) fn plain(colour: Colour) -> Self {
        Self { from: colour, to: colour, angle: 0.0, soft: 0.002, texture: None }
    }
}

/// A picture in the making. Places are in units of the shorter side, from the top left.
pub(crate) struct Canvas {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Row by row.
    pub(crate) pixels: Vec<Colour>,
    unit: f32,
}

impl Canvas {
    pub(crate) fn new(width: u32, height: u32, mut colour: impl FnMut(f32, f32) -> Colour) -> Self {
        let (width, height) = (width as usize, height as usize);
        let place = |at: usize| ((at % width) as f32 / width as f32, (at / width) as f32 / height as f32);
        let pixels = (0..width * height).map(place).map(|(across, down)| colour(across, down)).collect();
        Self { width, height, pixels, unit: width.min(height) as f32 }
    }

    /// Width and height in units of the shorter side.
    pub(crate) fn extent(&self) -> (f32, f32) {
        (self.width as f32 / self.unit, self.height as f32 / self.unit)
    }

    pub(crate) fn paint(&mut self, shape: &Shape, fill: &Fill<'_>) {
        let [left, top, right, bottom] = shape.bounds();
        let edge = fill.soft.max(0.7 / self.unit);
        let pixel = |place: f32, most: usize| ((place * self.unit).max(0.0) as usize).min(most);
        let columns = pixel(left - edge, self.width)..pixel(right + edge + 1.0 / self.unit, self.width);
        let (cos, sin) = (fill.angle.cos(), fill.angle.sin());
        for row in pixel(top - edge, self.height)..pixel(bottom + edge + 1.0 / self.unit, self.height) {
            let y = (row as f32 + 0.5) / self.unit;
            for column in columns.clone() {
                let x = (column as f32 + 0.5) / self.unit;
                let cover = (0.5 - shape.distance(x, y) / (2.0 * edge)).clamp(0.0, 1.0);
                if cover == 0.0 {
                    continue;
                }
                let along = ((x - left) / (right - left).max(1e-6) - 0.5) * cos
                    + ((y - top) / (bottom - top).max(1e-6) - 0.5) * sin;
                let mut colour = mix(fill.from, fill.to, (along + 0.5).clamp(0.0, 1.0));
                if let Some((noise, strength)) = fill.texture {
                    let (across, down) = (column as f32 / self.width as f32, row as f32 / self.height as f32);
                    let grain = 1.0 + strength * 2.0 * (noise.at(across, down) - 0.5);
                    colour = colour.map(|channel| channel * grain);
                }
                let pixel = &mut self.pixels[row * self.width + column];
                *pixel = mix(*pixel, colour, cover);
            }
        }
    }
}
