//! Ingredients of recipes: lines that start with a quantity and a unit, and a few between them.
//!
//! ```text
//! 200 g flour
//! 2 eggs
//! a little salt
//! 1 tbsp sugar
//! 250 ml milk
//! ```

use super::found::{Found, Structure};
use super::line_form::{FormedLines, flag};
use crate::steps;

/// Minimum number of ingredients with a unit.
const MIN_INGREDIENTS: usize = 3;
/// Maximum number of adjacent lines that start with no quantity.
const MAX_OTHERS: usize = 2;
/// Maximum number of words of a line between two ingredients.
const MAX_OTHER_WORDS: usize = 12;

/// Signs of currencies.
const CURRENCIES: [char; 6] = ['$', '€', '£', '¥', '₽', '₹'];

/// Finds the lists of ingredients of a text. Lines with prices end a list: products are sold with
/// quantities, too.
pub(super) fn find(text: &FormedLines<'_, '_>, found: &mut Vec<Found>) {
    let mut line = 0;
    while line < text.count() {
        if !text.is(line, flag::INGREDIENT) {
            line += 1;
            continue;
        }
        let (mut ingredients, mut end, mut others) = (0, line, 0);
        for own in line..text.count() {
            steps::count(1);
            if text.is(own, flag::INGREDIENT) {
                (ingredients, end, others) = (ingredients + 1, own + 1, 0);
                continue;
            }
            others += usize::from(!text.is(own, flag::DIGIT));
            if others > MAX_OTHERS
                || text.words(own) > MAX_OTHER_WORDS
                || text.text(own).contains(CURRENCIES)
            {
                break;
            }
        }
        if ingredients >= MIN_INGREDIENTS {
            found.push(Found {
                structure: Structure::Recipe,
                lines: line..end,
                is_certain: true,
            });
        }
        line = end;
    }
}
