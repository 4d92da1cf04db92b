//! Huffman codes: one symbol at a time, and runs of AC symbols at once that are only skipped.

use std::cell::RefCell;
use std::rc::Rc;

use super::bits::{Bits, READY_BITS};
use super::{Odd, Odd::Damaged};

/// Bits by which a symbol is looked up at once.
const FAST_BITS: u32 = 9;
/// Bits by which several AC symbols are looked up at once.
const SKIP_BITS: u32 = 13;
/// Most bits of a code.
const MOST_BITS: usize = 16;
/// Tables that a thread keeps: most files have those of the standard.
const KEPT_TABLES: usize = 8;

/// A code, ready to be read.
pub(super) struct Huffman {
    /// Length and symbol of the code that these bits begin with; 0 if it is longer.
    fast: Box<[u16; 1 << FAST_BITS]>,
    /// The first code beyond those of each length, at the top of 16 bits, and what to add to a code for its place.
    ends: [(u32, i32); MOST_BITS + 1],
    symbols: Vec<u8>,
}

impl Huffman {
    /// From the 16 counts and the symbols of a table segment.
    fn new(counts: &[u8; MOST_BITS], symbols: &[u8]) -> Result<Self, Odd> {
        let mut table = Self {
            fast: Box::new([0; 1 << FAST_BITS]),
            ends: [(0, 0); MOST_BITS + 1],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut place) = (0_u32, 0_i32);
        for ((length, count), end) in (1_u32..).zip(counts).zip(table.ends.iter_mut().skip(1)) {
            *end = ((code + u32::from(*count)) << (16 - length), place - code as i32);
            place += i32::from(*count);
            code = (code + u32::from(*count)) << 1;
        }
        Ok(table)
    }

    /// Length and symbol of the code at the top of the window.
    #[inline(always)]
    fn symbol(&self, window: u64) -> Result<(u32, u32), Odd> {
        let entry = self.fast.get((window >> (64 - FAST_BITS)) as usize).copied().unwrap_or(0);
        if entry == 0 {
            self.long_symbol(window)
        } else {
            Ok((u32::from(entry >> 8), u32::from(entry & 0xFF)))
        }
    }

    #[cold]
    fn long_symbol(&self, window: u64) -> Result<(u32, u32), Odd> {
        let bits = (window >> 48) as u32;
        for (length, (end, shift)) in (0_u32..).zip(&self.ends).skip(1) {
            if bits < *end {
                let place = (bits >> (16 - length)) as i32 + shift;
                let symbol = usize::try_from(place).ok().and_then(|place| self.symbols.get(place));
                return Ok((length, u32::from(*symbol.ok_or(Damaged)?)));
            }
        }
        Err(Damaged)
    }

    /// Reads the difference of a DC coefficient. The bits must have been refilled.
    #[inline(always)]
    pub(super) fn difference(&self, bits: &mut Bits<'_>) -> Result<i32, Odd> {
        let (length, size) = self.symbol(bits.window())?;
        if size > 11 {
            return Err(Damaged);
        }
        let value = extended(bits.window() << length, size);
        bits.take(length + size);
        Ok(value)
    }
}

/// The number of this size, at most 15 bits, at the top of the window.
#[inline(always)]
fn extended(window: u64, size: u32) -> i32 {
    let value = (window >> 1 >> (63 - size)) as i32;
    // The lower half of the values of a size stands for negative numbers.
    let negative = i32::from(size > 0 && value >> (size.max(1) - 1) == 0);
    value - negative * ((1 << size) - 1)
}

/// Length and symbol of the code that each place's bits begin with; 0 if it is longer than those.
fn beginnings<const PLACES: usize>(
    bits: u32,
    counts: &[u8; MOST_BITS],
    symbols: &[u8],
) -> Result<Box<[u16; PLACES]>, Odd> {
    let mut table = Box::new([0; PLACES]);
    let mut symbols = symbols.iter();
    let mut code = 0_u32;
    for (length, count) in (1_u32..).zip(counts) {
        for _ in 0..*count {
            let symbol = symbols.next().ok_or(Damaged)?;
            if length <= bits {
                let from = (code << (bits - length)) as usize;
                let places = table.get_mut(from..from + (1 << (bits - length))).ok_or(Damaged)?;
                places.fill((length as u16) << 8 | u16::from(*symbol));
            }
            code += 1;
        }
        if code > 1 << length {
            return Err(Damaged);
        }
        code <<= 1;
    }
    Ok(table)
}

/// A code of AC coefficients, ready to be skipped.
pub(super) struct Skipper {
    code: Huffman,
    /// What the bits of the place begin with: see [`Jump`].
    jumps: Box<[u16; 1 << SKIP_BITS]>,
}

/// Symbols that are skipped at once, in 16 bits.
///
/// From the lowest: 5 bits of length, their coefficients included; 7 bits of places that they fill, an end of the block
/// counted as one; 1 bit for that end. 0 stands for a code that is too long.
struct Jump;

impl Jump {
    const END: u16 = 1 << 12;

    fn packed(bits: u32, places: u32, ends: bool) -> u16 {
        (bits | places << 5) as u16 | if ends { Self::END } else { 0 }
    }
}

impl Skipper {
    fn new(counts: &[u8; MOST_BITS], symbols: &[u8]) -> Result<Self, Odd> {
        let code = Huffman::new(counts, symbols)?;
        let mut jumps = Box::new([0; 1 << SKIP_BITS]);
        let singles = beginnings::<{ 1 << SKIP_BITS }>(SKIP_BITS, counts, symbols)?;
        for (start, jump) in (0_u32..).zip(jumps.iter_mut()) {
            *jump = longest_jump(&*singles, start);
        }
        Ok(Self { code, jumps })
    }

    /// Reads the three AC coefficients of half a wave, across, down and both, and jumps over the others.
    #[inline(always)]
    pub(super) fn slopes(&self, bits: &mut Bits<'_>) -> Result<[i32; 3], Odd> {
        let (mut place, mut slopes) = (1, [0; 3]);
        let [across, down, both] = &mut slopes;
        // The order of coding: across, down, a whole wave down, both.
        while place < 5 {
            bits.refill();
            let (length, symbol) = self.code.symbol(bits.window())?;
            if symbol == 0 {
                bits.take(length);
                return Ok(slopes);
            }
            place += symbol >> 4;
            let value = extended(bits.window() << length, symbol & 15);
            match place {
                1 => *across = value,
                2 => *down = value,
                4 => *both = value,
                _ => {}
            }
            bits.take(length + (symbol & 15));
            place += 1;
        }
        self.skip_block(bits, place)?;
        Ok(slopes)
    }

    /// Jumps over the AC coefficients of a block from this place on.
    #[inline(always)]
    pub(super) fn skip_block(&self, bits: &mut Bits<'_>, mut place: u32) -> Result<(), Odd> {
        while place < 64 {
            bits.refill();
            let jump = self.jumps.get((bits.window() >> (64 - SKIP_BITS)) as usize).copied().unwrap_or(0);
            let next = place + u32::from(jump >> 5 & 0x7F);
            // Beyond the last place the jump has symbols of the next block: then one symbol at a time.
            if jump != 0 && next <= 64 {
                bits.take(u32::from(jump & 0x1F));
                if jump & Jump::END != 0 {
                    return Ok(());
                }
                place = next;
                continue;
            }
            let (length, symbol) = self.code.symbol(bits.window())?;
            bits.take(length + (symbol & 15));
            if symbol == 0 {
                return Ok(());
            }
            place += (symbol >> 4) + 1;
        }
        Ok(())
    }
}

/// As many symbols as are whole within these bits; of the first, only the code must be.
fn longest_jump(singles: &[u16], start: u32) -> u16 {
    let (mut used, mut places) = (0, 0);
    loop {
        let rest = start << used & ((1 << SKIP_BITS) - 1);
        let single = singles.get(rest as usize).copied().unwrap_or(0);
        let (length, symbol) = (u32::from(single >> 8), u32::from(single & 0xFF));
        let total = length + (symbol & 15);
        let fits = length > 0 && used + total <= SKIP_BITS;
        if !fits && (used > 0 || length == 0) {
            return if used == 0 { 0 } else { Jump::packed(used, places, false) };
        }
        used += total;
        places += (symbol >> 4) + 1;
        if symbol == 0 || used >= SKIP_BITS {
            return Jump::packed(used, places, symbol == 0);
        }
        if places > 63 {
            return Jump::packed(used, places.min(127), false);
        }
    }
}

/// A table segment's own bytes: 16 counts, then the symbols.
#[derive(Clone, Copy)]
pub(super) struct Spec<'s> {
    pub(super) counts: &'s [u8; MOST_BITS],
    pub(super) symbols: &'s [u8],
}

impl Spec<'_> {
    /// The code for DC coefficients.
    pub(super) fn huffman(&self) -> Result<Huffman, Odd> {
        Huffman::new(self.counts, self.symbols)
    }

    /// The code for AC coefficients: the thread's own copy, if it had the same table lately.
    pub(super) fn skipper(&self) -> Result<Rc<Skipper>, Odd> {
        type Kept = (Vec<u8>, Rc<Skipper>);
        thread_local!(static KEPT: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) });
        let key = [self.counts, self.symbols].concat();
        KEPT.with_borrow_mut(|kept| {
            if let Some(place) = kept.iter().position(|(other, _)| *other == key) {
                let found = kept.remove(place);
                kept.push(found);
            } else {
                let made = Rc::new(Skipper::new(self.counts, self.symbols)?);
                if kept.len() >= KEPT_TABLES {
                    kept.remove(0);
                }
                kept.push((key, made));
            }
            kept.last().map(|(_, skipper)| Rc::clone(skipper)).ok_or(Damaged)
        })
    }
}

// The longest symbol of all is read between two refills.
const _: () = assert!(READY_BITS >= 16 + 15);
