//! A recipe in, a picture out: a background, objects, a subject, surfaces with noise, grain.

use image::RgbImage;

use super::canvas::{Canvas, Colour, Fill, Noise, Shape, dark, hsv, mix};
use crate::rng::Rng;

/// What a picture is drawn from. The same recipe gives the same picture, whatever else is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipe {
    /// Of the whole set.
    pub(crate) seed: u64,
    /// The composition: kind of scene, palette, light.
    pub(crate) prompt: u64,
    /// Places of objects and noise; 0 is the picture as composed, others move things a little.
    pub(crate) take: u64,
    /// Another palette, unless 0.
    pub(crate) palette: u64,
    /// Another subject, unless 0.
    pub(crate) subject: u64,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Strength of grain and surface noise; 1 is that of photographs, 0.15 that of smooth generated pictures.
    pub(crate) grain: f64,
}

const BACKGROUNDS: [&str; 7] = ["city", "forest", "mountain", "room", "ocean", "space", "abstract"];
const SUBJECTS: [&str; 5] = ["portrait", "figure", "animal", "car", "still life"];

/// Whether pictures of this prompt show a subject, so that another one can stand in its place.
pub(crate) fn has_subject(seed: u64, prompt: u64) -> bool {
    Rng::stream(seed, "subject or not", prompt).chance(0.72)
}

/// Draws the picture.
pub(crate) fn render(recipe: &Recipe) -> RgbImage {
    let mut composed = Rng::stream(recipe.seed, "prompt", recipe.prompt);
    let mut moved = Rng::stream(recipe.seed, "take", recipe.prompt << 20 | recipe.take);
    let kind = BACKGROUNDS[composed.place(BACKGROUNDS.len())];
    let mut colours = palette(&mut Rng::stream(recipe.seed, "palette", recipe.prompt << 20 | recipe.palette));
    let jitter = if recipe.take == 0 { 0.0 } else { 1.0 };
    for channel in colours.as_flattened_mut() {
        *channel = (*channel + (jitter * 9.0 * moved.gauss()) as f32).clamp(0.0, 255.0);
    }
    let light = (composed.unit() * std::f64::consts::TAU + jitter * 0.25 * moved.gauss()) as f32;
    let horizon = (0.4 + 0.35 * composed.unit() + jitter * 0.04 * moved.gauss()) as f32;
    let texture = Noise::new(&mut moved, 64, 3);
    let clouds = Noise::new(&mut moved, [2, 3, 4, 6][composed.place(4)], 5);
    let depth = 0.2 + 0.5 * composed.unit() as f32;
    let glow = (composed.unit() as f32, 0.6 * composed.unit() as f32);
    let spread = 2.0 * (0.08 + 0.22 * composed.unit() as f32).powi(2);
    let mut canvas = Canvas::new(recipe.width, recipe.height, |across, down| {
        let slope = ((across - 0.5) * light.cos() + (down - 0.5) * light.sin() + 0.5).clamp(0.0, 1.0);
        let shade = 1.0 + depth * (clouds.at(across, down) - 0.5);
        let near = (-((across - glow.0).powi(2) + (down - glow.1).powi(2)) / spread).exp() * 0.5;
        let base = mix(colours[0], colours[1], slope).map(|channel| channel * shade);
        std::array::from_fn(|channel| base[channel] + near * colours[6][channel])
    });
    let objects = composed.between(6, 22) as usize;
    let mut painter =
        Painter { canvas: &mut canvas, colours, light, horizon, texture: &texture, clouds: &clouds };
    painter.background(kind, objects, &mut moved);
    if has_subject(recipe.seed, recipe.prompt) {
        painter.subject(recipe, &mut composed, jitter * 0.03, &mut moved);
    }
    finish(&canvas, recipe, &texture)
}

fn palette(rng: &mut Rng) -> [Colour; 7] {
    let (hue, mode) = (rng.unit(), rng.below(4));
    std::array::from_fn(|_| {
        let shift = match mode {
            0 => 0.16 * rng.unit() - 0.08,
            1 => 0.5 * rng.below(2) as f64 + 0.08 * rng.unit(),
            2 => rng.below(3) as f64 / 3.0,
            _ => 0.0,
        };
        hsv(hue + shift, 0.1 + 0.75 * rng.unit(), 0.12 + 0.85 * rng.unit())
    })
}

/// Vignette, grain and the noise of surfaces, then whole bytes.
fn finish(canvas: &Canvas, recipe: &Recipe, texture: &Noise) -> RgbImage {
    let mut rng = Rng::stream(recipe.seed, "finish", recipe.prompt);
    let (grain, surface) = (1.0 + 4.0 * rng.unit(), 4.0 + 18.0 * rng.unit());
    let (grain, surface) = ((grain * recipe.grain) as f32, (surface * recipe.grain) as f32);
    let vignette = 0.5 * rng.unit() as f32;
    let mut noise = Rng::stream(recipe.seed, "grain", recipe.prompt << 20 | recipe.take);
    RgbImage::from_fn(recipe.width, recipe.height, |x, y| {
        let (across, down) = (x as f32 / recipe.width as f32, y as f32 / recipe.height as f32);
        let falloff = 1.0 - vignette * ((across - 0.5).powi(2) + (down - 0.5).powi(2));
        // The sum of four even numbers is near enough to a bell.
        let bits = noise.next_u64();
        let bell =
            (0..4).map(|part| (bits >> (16 * part) & 0xFFFF) as f32 / 65536.0 - 0.5).sum::<f32>() * 1.73;
        let shift = grain * bell + surface * (texture.at(across, down) - 0.5);
        let pixel = canvas.pixels[y as usize * canvas.width + x as usize];
        image::Rgb(pixel.map(|channel| (channel * falloff + shift).round().clamp(0.0, 255.0) as u8))
    })
}

struct Painter<'p> {
    canvas: &'p mut Canvas,
    colours: [Colour; 7],
    light: f32,
    horizon: f32,
    texture: &'p Noise,
    clouds: &'p Noise,
}

impl Painter<'_> {
    fn shaded(&mut self, shape: Shape, colour: Colour, strength: f32) {
        self.canvas.paint(&shape, &Fill::shaded(colour, self.light, self.texture, strength));
    }

    fn background(&mut self, kind: &str, objects: usize, rng: &mut Rng) {
        let (wide, high) = self.canvas.extent();
        let horizon = self.horizon * high;
        let mut unit = || rng.unit() as f32;
        match kind {
            "city" => {
                for _ in 0..objects {
                    let (left, width, top) = (unit() * wide, 0.05 + 0.2 * unit(), horizon - 0.5 * unit());
                    let colour = self.colours[2 + (4.0 * unit()) as usize];
                    self.shaded(Shape::Box { left, top, right: left + width, bottom: high }, colour, 0.25);
                    for window in 0..12 {
                        let (x, y) = (
                            left + width * (0.15 + 0.25 * (window % 3) as f32),
                            top + 0.05 + 0.06 * (window / 3) as f32,
                        );
                        if unit() < 0.6 {
                            let pane =
                                Shape::Box { left: x, top: y, right: x + width * 0.14, bottom: y + 0.03 };
                            self.canvas.paint(&pane, &Fill::plain(self.colours[6]));
                        }
                    }
                }
            }
            "forest" => {
                for _ in 0..objects {
                    let (x, width, lean) = (unit() * wide, 0.01 + 0.05 * unit(), 0.12 * unit() - 0.06);
                    let colour = self.colours[2 + (4.0 * unit()) as usize];
                    self.shaded(
                        Shape::Limb { from: (x, -0.1), to: (x + lean, high + 0.1), width },
                        colour,
                        0.5,
                    );
                }
                for _ in 0..2 * objects {
                    let (x, y, r) = (unit() * wide, unit().powf(1.5) * 0.8 * high, 0.02 + 0.09 * unit());
                    let colour = self.colours[2 + (4.0 * unit()) as usize];
                    self.shaded(Shape::Ellipse { x, y, rx: r, ry: r }, colour, 0.6);
                }
            }
            "mountain" => {
                for layer in 0..2 + objects / 6 {
                    let (base, strength) = (horizon - 0.25 + 0.13 * layer as f32, 0.2 + 0.4 * unit());
                    let steps = 24;
                    let mut corners = vec![(0.0, high)];
                    corners.extend(
                        (0..=steps).map(|step| (wide * step as f32 / steps as f32, base - strength * unit())),
                    );
                    corners.push((wide, high));
                    self.shaded(Shape::Polygon(corners), self.colours[2 + layer % 4], 0.45);
                }
            }
            "room" => {
                let floor = Shape::Box { left: 0.0, top: horizon, right: wide, bottom: high };
                self.shaded(floor, self.colours[2], 0.4);
                for _ in 0..objects / 2 + 3 {
                    let (x, y, a, b) = (
                        unit() * wide,
                        (0.05 + 0.75 * unit()) * high,
                        0.06 + 0.24 * unit(),
                        0.06 + 0.24 * unit(),
                    );
                    let colour = self.colours[2 + (5.0 * unit()) as usize];
                    let round = unit() < 0.3;
                    let thing = if round {
                        Shape::Ellipse { x, y, rx: a / 2.0, ry: b / 2.0 }
                    } else {
                        Shape::Box { left: x, top: y, right: x + a, bottom: y + b }
                    };
                    self.shaded(thing, colour, 0.3);
                }
            }
            "ocean" => {
                for wave in 0..40 {
                    let y = horizon + (high - horizon) * (wave as f32 / 40.0).powf(1.4);
                    let (x, length) = (wide * unit(), wide * (0.2 + unit()));
                    let colour = mix(self.colours[2], self.colours[3], unit());
                    let width = 0.006 + 0.03 * wave as f32 / 40.0;
                    self.shaded(
                        Shape::Limb { from: (x - length, y), to: (x + length, y + 0.02 * unit()), width },
                        colour,
                        0.3,
                    );
                }
            }
            "space" => {
                self.canvas.pixels.iter_mut().for_each(|pixel| *pixel = pixel.map(|channel| channel * 0.4));
                for _ in 0..240 {
                    let (x, y, r) = (unit() * wide, unit() * high, 0.001 + 0.004 * unit());
                    self.canvas
                        .paint(&Shape::Ellipse { x, y, rx: r, ry: r }, &Fill::plain([235.0, 235.0, 245.0]));
                }
                for planet in 0..1 + objects / 7 {
                    let (x, y, r) = (unit() * wide, unit() * high, 0.05 + 0.25 * unit());
                    let fill = Fill {
                        from: self.colours[2 + planet % 4],
                        to: [5.0, 5.0, 12.0],
                        angle: self.light,
                        soft: 0.002,
                        texture: Some((self.clouds, 0.7)),
                    };
                    self.canvas.paint(&Shape::Ellipse { x, y, rx: r, ry: r }, &fill);
                }
            }
            _ => {
                for _ in 0..objects {
                    let corners =
                        (0..3 + (4.0 * unit()) as usize).map(|_| (unit() * wide, unit() * high)).collect();
                    let (from, to) = (
                        self.colours[2 + (5.0 * unit()) as usize],
                        self.colours[2 + (5.0 * unit()) as usize],
                    );
                    let soft = if unit() < 0.3 { 0.02 } else { 0.002 };
                    let fill = Fill { from, to, angle: self.light, soft, texture: Some((self.clouds, 0.6)) };
                    self.canvas.paint(&Shape::Polygon(corners), &fill);
                }
            }
        }
    }

    fn subject(&mut self, recipe: &Recipe, composed: &mut Rng, jitter: f64, moved: &mut Rng) {
        let (wide, high) = self.canvas.extent();
        let mut kind = composed.place(SUBJECTS.len());
        let mut x = wide * (0.35 + 0.3 * composed.unit() + jitter * moved.gauss()) as f32;
        let y = high * (0.3 + 0.15 * composed.unit() + jitter * moved.gauss()) as f32;
        let mut size = (0.16 + 0.14 * composed.unit() + jitter / 2.0 * moved.gauss()).max(0.05) as f32;
        let skin =
            hsv(0.04 + 0.05 * composed.unit(), 0.2 + 0.4 * composed.unit(), 0.35 + 0.6 * composed.unit());
        let (mut hair, mut cloth) = (self.colours[5], self.colours[4]);
        let mut own =
            Rng::stream(recipe.seed, "subject", recipe.prompt << 20 | recipe.take << 8 | recipe.subject);
        if recipe.subject > 0 {
            kind = (kind + own.between(1, 4) as usize) % SUBJECTS.len();
            x += wide * (0.12 + 0.13 * own.unit()) as f32 * if own.chance(0.5) { 1.0 } else { -1.0 };
            size *= if own.chance(0.5) { 0.65 } else { 1.4 };
            (hair, cloth) = (hsv(own.unit(), 0.7, own.unit()), hsv(own.unit(), 0.7, own.unit()));
        }
        match SUBJECTS[kind] {
            "portrait" => {
                let shoulders = vec![
                    (x - 2.0 * size, high),
                    (x - 1.7 * size, y + 2.1 * size),
                    (x - 0.4 * size, y + 1.5 * size),
                    (x + 0.4 * size, y + 1.5 * size),
                    (x + 1.7 * size, y + 2.1 * size),
                    (x + 2.0 * size, high),
                ];
                self.shaded(Shape::Polygon(shoulders), cloth, 0.5);
                self.shaded(limb((x, y + 0.6 * size), (x, y + 1.7 * size), 0.62 * size), skin, 0.1);
                self.head(x, y, size, skin, hair, &mut own);
            }
            "figure" => self.figure(x, y - 0.15 * high, 0.42 * size, [skin, cloth, hair], &mut own),
            "animal" => {
                let ground = y + 0.2 * high;
                for leg in 0..4 {
                    let at = x + (leg as f32 - 1.5) * 0.7 * size;
                    self.shaded(
                        limb((at, ground), (at + signed(&mut own, 0.04), ground + 1.5 * size), 0.25 * size),
                        hair,
                        0.5,
                    );
                }
                self.shaded(Shape::Ellipse { x, y: ground, rx: 1.5 * size, ry: 0.75 * size }, hair, 0.6);
                let side = if own.chance(0.5) { 1.0 } else { -1.0 };
                self.head(x + side * 1.4 * size, ground - 0.8 * size, 0.6 * size, hair, dark(hair), &mut own);
            }
            "car" => {
                let (ground, long, tall) = (
                    0.68 * high,
                    1.2 * size * (0.8 + 0.4 * own.unit() as f32),
                    0.4 + 0.5 * own.unit() as f32,
                );
                let roof = vec![
                    (x - long, ground - 0.6 * size),
                    (x - 0.6 * long, ground - size * (0.8 + tall)),
                    (x + 0.6 * long, ground - size * (0.8 + tall)),
                    (x + long, ground - 0.6 * size),
                ];
                self.shaded(Shape::Polygon(roof), [70.0, 90.0, 120.0], 0.1);
                self.shaded(
                    Shape::Box {
                        left: x - 1.5 * long,
                        top: ground - 0.6 * size,
                        right: x + 1.5 * long,
                        bottom: ground + 0.1 * size,
                    },
                    cloth,
                    0.3,
                );
                for side in [-0.9, 0.9] {
                    let wheel = |radius: f32| Shape::Ellipse {
                        x: x + side * long,
                        y: ground + 0.1 * size,
                        rx: radius * size,
                        ry: radius * size,
                    };
                    self.canvas.paint(&wheel(0.36), &Fill::plain([25.0, 25.0, 25.0]));
                    self.canvas.paint(&wheel(0.18), &Fill::plain([170.0, 170.0, 170.0]));
                }
            }
            _ => {
                for _ in 0..own.between(3, 6) {
                    let (at, ground, r) = (
                        x + signed(&mut own, 0.3),
                        (0.78 + signed(&mut own, 0.06)) * high,
                        0.05 + 0.08 * own.unit() as f32,
                    );
                    let colour = hsv(own.unit(), 0.7, 0.4 + 0.55 * own.unit());
                    let tall = own.chance(0.4);
                    let thing = if tall {
                        Shape::Box {
                            left: at - 0.6 * r,
                            top: ground - 3.5 * r,
                            right: at + 0.6 * r,
                            bottom: ground + r,
                        }
                    } else {
                        Shape::Ellipse { x: at, y: ground, rx: r, ry: r }
                    };
                    self.shaded(thing, colour, 0.3);
                }
            }
        }
    }

    fn head(&mut self, x: f32, y: f32, size: f32, skin: Colour, hair: Colour, rng: &mut Rng) {
        self.shaded(Shape::Ellipse { x, y: y - 0.3 * size, rx: 1.1 * size, ry: size }, hair, 0.7);
        for _ in 0..14 {
            let (side, length) = (signed(rng, 1.0), 0.4 + 1.8 * rng.unit() as f32);
            let to = (x + size * (1.15 * side + signed(rng, 0.2)), y + length * size);
            self.shaded(limb((x + side * size, y - 0.6 * size), to, 0.14 * size), hair, 0.7);
        }
        self.shaded(Shape::Ellipse { x, y, rx: 0.82 * size, ry: 1.08 * size }, skin, 0.12);
        for side in [-0.34, 0.34] {
            let eye = |rx: f32, ry: f32| Shape::Ellipse {
                x: x + side * size,
                y: y - 0.1 * size,
                rx: rx * size,
                ry: ry * size,
            };
            self.canvas.paint(&eye(0.17, 0.1), &Fill::plain([240.0, 240.0, 240.0]));
            self.canvas.paint(&eye(0.09, 0.09), &Fill::plain(dark(self.colours[6])));
        }
        let mouth = Shape::Ellipse {
            x,
            y: y + 0.55 * size,
            rx: (0.18 + 0.12 * rng.unit() as f32) * size,
            ry: (0.04 + 0.06 * rng.unit() as f32) * size,
        };
        self.canvas.paint(&mouth, &Fill::plain([160.0, 50.0, 60.0]));
    }

    fn figure(&mut self, x: f32, y: f32, size: f32, [skin, cloth, hair]: [Colour; 3], rng: &mut Rng) {
        let hip = (x + signed(rng, 0.03), y + 5.0 * size);
        for side in [-1.0, 1.0] {
            let knee = (hip.0 + side * size * (0.2 + 0.9 * rng.unit() as f32), hip.1 + 2.3 * size);
            self.shaded(limb(hip, knee, 0.9 * size), cloth, 0.4);
            let foot = (knee.0 + signed(rng, 0.4) * size, knee.1 + 2.6 * size);
            self.shaded(limb(knee, foot, 0.7 * size), self.colours[3], 0.4);
        }
        self.shaded(limb((x, y + 1.6 * size), hip, 1.7 * size), cloth, 0.5);
        for side in [-1.0, 1.0] {
            let elbow = (
                x + side * size * (1.0 + 1.3 * rng.unit() as f32),
                y + size * (1.5 + 2.0 * rng.unit() as f32),
            );
            self.shaded(limb((x + side * 0.7 * size, y + 1.5 * size), elbow, 0.55 * size), skin, 0.1);
            let hand = (elbow.0 + signed(rng, 1.5) * size, elbow.1 + signed(rng, 2.0) * size);
            self.shaded(limb(elbow, hand, 0.5 * size), skin, 0.1);
        }
        self.head(x, y, size, skin, hair, rng);
    }
}

fn limb(from: (f32, f32), to: (f32, f32), width: f32) -> Shape {
    Shape::Limb { from, to, width }
}

/// Between minus and plus `most`.
fn signed(rng: &mut Rng, most: f32) -> f32 {
    (2.0 * rng.unit() as f32 - 1.0) * most
}
