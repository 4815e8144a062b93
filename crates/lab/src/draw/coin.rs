//! The blocks of a mixed round and what a coin gives them, from the words of docs/en/method/speed.md and
//! by nothing that the program uses.

use super::random::Random;
use dualround_model::{Arm, MixedPlace};

/// Waves of a block: so many times as many requests as are in flight.
const WAVES: usize = 4;

/// A mixed round before it is sent.
pub(super) struct TossedRound {
    /// Rows in the sequence of sending.
    pub(super) order: Vec<usize>,
    /// Where each row stands, by row.
    pub(super) places: Vec<MixedPlace>,
}

/// Cuts rows into blocks and tosses the coin; `prompts`: which prompt each row is. Rows of one prompt
/// stand together; half of the blocks go to each arm, and the odd one to either.
pub(super) fn toss(prompts: &[usize], concurrency: u32, random: &mut Random) -> TossedRound {
    let blocks = blocks(prompts, concurrency);
    let arms = arms(blocks.len(), random);
    let ramp = if concurrency > 1 {
        concurrency as usize
    } else {
        0
    };
    let unplaced = MixedPlace {
        block: 0,
        arm: Arm::Hit,
        ramp: false,
    };
    let mut places = vec![unplaced; prompts.len()];
    for (number, (block, arm)) in (0..).zip(blocks.iter().zip(arms)) {
        for (at, row) in block.iter().enumerate() {
            places[*row] = MixedPlace {
                block: number,
                arm,
                ramp: at < ramp,
            };
        }
    }
    TossedRound {
        order: blocks.concat(),
        places,
    }
}

/// The rows of each block, in the sequence of sending.
fn blocks(prompts: &[usize], concurrency: u32) -> Vec<Vec<usize>> {
    let size = match concurrency {
        1 => 1,
        more => WAVES * more as usize,
    };
    let mut blocks: Vec<Vec<usize>> = Vec::new();
    for (row, prompt) in prompts.iter().enumerate() {
        // Asked together with the first of its kind.
        if prompts[..row].contains(prompt) {
            continue;
        }
        let alike = (row..prompts.len()).filter(|other| prompts[*other] == *prompt);
        match blocks.last_mut() {
            Some(block) if block.len() < size => block.extend(alike),
            _ => blocks.push(alike.collect()),
        }
    }
    let is_short = blocks.last().is_some_and(|block| 2 * block.len() < size);
    if is_short && blocks.len() > 1 {
        let rest = blocks.pop().unwrap_or_default();
        if let Some(block) = blocks.last_mut() {
            block.extend(rest);
        }
    }
    blocks
}

/// An arm for each block: the hits are drawn one after the other.
fn arms(blocks: usize, random: &mut Random) -> Vec<Arm> {
    let odd = blocks % 2 == 1 && random.chance(0.5);
    let mut hits = blocks / 2 + usize::from(odd);
    let mut arms = Vec::new();
    for at in 0..blocks {
        let is_hit = random.chance(hits as f64 / (blocks - at) as f64);
        hits -= usize::from(is_hit);
        arms.push(if is_hit { Arm::Hit } else { Arm::Miss });
    }
    arms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_blocks_are_hits_and_a_short_rest_joins_the_last() {
        let mut random = Random::new(1);
        for (rows, concurrency, blocks) in [(40, 4, 3), (39, 4, 2), (7, 4, 1), (13, 1, 13)] {
            let prompts: Vec<usize> = (0..rows).collect();
            let tossed = toss(&prompts, concurrency, &mut random);
            let last = tossed.places.iter().map(|place| place.block).max();
            assert_eq!(last, Some(blocks - 1), "{rows} at {concurrency}");
            let hits = (0..blocks).filter(|block| {
                let mut own = tossed.places.iter().filter(|place| place.block == *block);
                own.all(|place| place.arm == Arm::Hit)
            });
            assert!(hits.count().abs_diff(blocks as usize / 2) <= 1);
        }
    }

    #[test]
    fn rows_of_one_prompt_stand_together() {
        let tossed = toss(&[0, 1, 2, 0, 1, 2], 1, &mut Random::new(1));
        assert_eq!(tossed.order, [0, 3, 1, 4, 2, 5]);
        let blocks: Vec<u32> = tossed.places.iter().map(|place| place.block).collect();
        assert_eq!(blocks, [0, 1, 2, 0, 1, 2]);
    }
}
