//! What is left of values when what other figures explain of them is taken off, by least squares.

use crate::numbers::mean::mean;

/// Figures that vary by less than this share of their size do not vary.
const CONSTANT: f64 = 1e-9;

/// A space of figures that values are freed of: their mean, and what is not explained by it.
pub(crate) struct Explained {
    /// Orthogonal to each other and to a constant, each of length 1.
    directions: Vec<Vec<f64>>,
}

impl Explained {
    /// By these figures, a list of as many as there are values each. One that does not vary, or that
    /// the ones before it explain, explains nothing (Gram and Schmidt).
    pub(crate) fn by(figures: &[Vec<f64>]) -> Self {
        let mut explained = Self {
            directions: Vec::new(),
        };
        for figure in figures {
            let size = length(figure);
            let mut rest = explained.taken_off(figure);
            let left = length(&rest);
            if left <= CONSTANT * size {
                continue;
            }
            rest.iter_mut().for_each(|value| *value /= left);
            explained.directions.push(rest);
        }
        explained
    }

    /// The values without their mean and without what the figures explain of them.
    pub(crate) fn taken_off(&self, values: &[f64]) -> Vec<f64> {
        if values.is_empty() {
            return Vec::new();
        }
        let middle = mean(values.iter().copied());
        let mut rest: Vec<f64> = values.iter().map(|value| value - middle).collect();
        for direction in &self.directions {
            let along: f64 = direction.iter().zip(&rest).map(|(a, b)| a * b).sum();
            let both = rest.iter_mut().zip(direction);
            both.for_each(|(value, step)| *value -= along * step);
        }
        rest
    }
}

fn length(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_explains_is_gone() {
        let place: Vec<f64> = (0..10).map(f64::from).collect();
        let line: Vec<f64> = place.iter().map(|at| 3.0 + 0.5 * at).collect();
        let explained = Explained::by(std::slice::from_ref(&place));
        assert!(
            explained
                .taken_off(&line)
                .iter()
                .all(|rest| rest.abs() < 1e-12)
        );
        // What is left is orthogonal to the figure, and has no mean.
        let other: Vec<f64> = place.iter().map(|at| (at * 2.3).sin()).collect();
        let rest = explained.taken_off(&other);
        let along: f64 = rest.iter().zip(&place).map(|(a, b)| a * b).sum();
        assert!(along.abs() < 1e-9 && rest.iter().sum::<f64>().abs() < 1e-9);
    }

    #[test]
    fn figures_that_say_nothing_new_explain_nothing() {
        let place: Vec<f64> = (0..10).map(f64::from).collect();
        let twice: Vec<f64> = place.iter().map(|at| 2.0 * at + 1.0).collect();
        let explained = Explained::by(&[vec![7.0; 10], place.clone(), twice]);
        assert_eq!(explained.directions.len(), 1);
        assert!(explained.taken_off(&[]).is_empty());
    }
}
