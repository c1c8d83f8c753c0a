//! The largest sum under bounds on partial sums, in exact fractions: the simplex method on whole numbers.
//!
//! All numbers of a tableau have one denominator, so each step divides without rest (Edmonds and Bareiss). A number that
//! does not fit, or more work than allowed, ends it without an answer; no rounding can make a wrong one.

/// What some of the variables may be together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bound {
    /// The variables' numbers.
    pub(super) of: Vec<usize>,
    /// Their largest sum.
    pub(super) sum: u32,
}

/// The largest sum of all variables, and where it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Optimum {
    /// The variables, in parts of `parts`.
    pub(super) values: Vec<i128>,
    /// The sum, in parts of `parts`.
    pub(super) sum: i128,
    /// The denominator, at least 1.
    pub(super) parts: i128,
}

/// Maximises the sum of so many variables, none below 0. Each must be bounded. `work` is used up.
pub(super) fn maximise(variables: usize, bounds: &[Bound], work: &mut u64) -> Option<Optimum> {
    let mut tableau = Tableau::new(variables, bounds);
    let mut steps = 0;
    loop {
        // The steepest column; after many steps the first, which cannot go in circles (Bland).
        let patient = steps < 2 * (variables + bounds.len());
        let Some(column) = tableau.entering(patient) else {
            return Some(tableau.optimum(variables));
        };
        let row = tableau.leaving(column)?;
        *work = work.checked_sub(tableau.size())?;
        tableau.pivot(row, column)?;
        steps += 1;
    }
}

/// Variables outside the basis are columns, those inside it rows; the last row is the goal, the last column the values.
struct Tableau {
    cells: Vec<i128>,
    width: usize,
    rows: Vec<usize>,
    columns: Vec<usize>,
    parts: i128,
}

impl Tableau {
    fn new(variables: usize, bounds: &[Bound]) -> Self {
        let width = variables + 1;
        let mut cells = vec![0; width * (bounds.len() + 1)];
        for (row, bound) in bounds.iter().enumerate() {
            for column in &bound.of {
                cells[row * width + column] = 1;
            }
            cells[row * width + variables] = bound.sum.into();
        }
        let goal = bounds.len() * width;
        cells[goal..goal + variables].fill(-1);
        let rows = (variables..variables + bounds.len()).collect();
        Self { cells, width, rows, columns: (0..variables).collect(), parts: 1 }
    }

    fn size(&self) -> u64 {
        self.cells.len() as u64
    }

    fn cell(&self, row: usize, column: usize) -> i128 {
        self.cells[row * self.width + column]
    }

    /// The column that makes the sum larger.
    fn entering(&self, steepest: bool) -> Option<usize> {
        let goal = self.rows.len();
        let better = (0..self.columns.len()).filter(|column| self.cell(goal, *column) < 0);
        if steepest {
            better.min_by_key(|column| (self.cell(goal, *column), self.columns[*column]))
        } else {
            better.min_by_key(|column| self.columns[*column])
        }
    }

    /// The row that bounds a column most tightly.
    fn leaving(&self, column: usize) -> Option<usize> {
        let values = self.columns.len();
        let mut best: Option<usize> = None;
        for row in (0..self.rows.len()).filter(|row| self.cell(*row, column) > 0) {
            let Some(other) = best else {
                best = Some(row);
                continue;
            };
            let one = self.cell(row, values).checked_mul(self.cell(other, column))?;
            let two = self.cell(other, values).checked_mul(self.cell(row, column))?;
            if one < two || (one == two && self.rows[row] < self.rows[other]) {
                best = Some(row);
            }
        }
        best
    }

    /// Exchanges a row and a column.
    fn pivot(&mut self, row: usize, column: usize) -> Option<()> {
        let (pivot, parts, width) = (self.cell(row, column), self.parts, self.width);
        let pivots = self.cells[row * width..(row + 1) * width].to_vec();
        for (at, cells) in self.cells.chunks_exact_mut(width).enumerate() {
            if at == row {
                continue;
            }
            let factor = cells[column];
            if factor == 0 && pivot == parts {
                continue;
            }
            for (cell, over) in cells.iter_mut().zip(&pivots) {
                let scaled = cell.checked_mul(pivot)?.checked_sub(factor.checked_mul(*over)?)?;
                *cell = if parts == 1 { scaled } else { scaled / parts };
            }
            cells[column] = -factor;
        }
        self.cells[row * width + column] = parts;
        self.parts = pivot;
        std::mem::swap(&mut self.rows[row], &mut self.columns[column]);
        Some(())
    }

    fn optimum(&self, variables: usize) -> Optimum {
        let mut values = vec![0; variables];
        for (row, variable) in self.rows.iter().enumerate() {
            if let Some(value) = values.get_mut(*variable) {
                *value = self.cell(row, variables);
            }
        }
        Optimum { values, sum: self.cell(self.rows.len(), variables), parts: self.parts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(of: &[usize], sum: u32) -> Bound {
        Bound { of: of.to_vec(), sum }
    }

    #[test]
    fn the_largest_sum_may_need_halves() {
        let ring = [bound(&[0, 1], 5), bound(&[1, 2], 5), bound(&[0, 2], 5)];
        let Optimum { values, sum, parts } = maximise(3, &ring, &mut 1_000).expect("enough work");
        assert_eq!((sum * 2, values), (15 * parts, vec![5 * parts / 2; 3]));
    }

    #[test]
    fn bounds_of_zero_and_bounds_that_do_not_matter() {
        let bounds = [bound(&[0], 0), bound(&[0, 1], 7), bound(&[1, 2], 9), bound(&[2], 100)];
        let found = maximise(3, &bounds, &mut 1_000).expect("enough work");
        assert_eq!((found.sum, found.parts), (9, 1));
        assert_eq!(maximise(0, &[], &mut 0).expect("nothing to do").sum, 0);
    }

    #[test]
    fn without_work_there_is_no_answer() {
        assert_eq!(maximise(1, &[bound(&[0], 1)], &mut 3), None);
        assert_eq!(maximise(1, &[bound(&[0], 1)], &mut 4).map(|found| found.sum), Some(1));
    }
}
