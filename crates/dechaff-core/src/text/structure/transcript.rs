//! Transcripts: turns of two or more speakers, each with a name before it.
//!
//! ```text
//! Q: You left the ferry in May?       [09:01] <anke> Did you share the file?
//! A: I was asked to.                  [09:02] <bob> Yes.
//! ```

use super::entries::turn;
use super::found::{Found, Structure};
use super::line_form::{FormedLines, flag};
use crate::steps;
use rustc_hash::FxHashMap;
use std::ops::Range;

/// Minimum number of turns of a transcript.
const MIN_TURNS: usize = 4;
/// Maximum number of adjacent lines of a transcript that are no turns.
const MAX_OTHERS: usize = 1;

/// Finds the transcripts of a text.
pub(super) fn find(text: &FormedLines<'_, '_>, found: &mut Vec<Found>) {
    let mut line = 0;
    while line < text.count() {
        if !text.is(line, flag::TURN) {
            line += 1;
            continue;
        }
        let (mut turns, mut end, mut others) = (0, line, 0);
        for own in line..text.count() {
            steps::count(1);
            if text.is(own, flag::TURN) {
                (turns, end, others) = (turns + 1, own + 1, 0);
            } else if !text.lines.continues(own) {
                others += 1;
                if others > MAX_OTHERS {
                    break;
                }
            }
        }
        if turns >= MIN_TURNS && is_conversation(text, line..end) {
            found.push(Found {
                structure: Structure::Transcript,
                lines: line..end,
                is_certain: true,
            });
        }
        line = end;
    }
}

/// Returns whether two speakers have two turns or more, speakers have two turns on average, and two
/// thirds of the turns are sentences or from the log of a chat. Lists of pairs are none of this.
fn is_conversation(text: &FormedLines<'_, '_>, lines: Range<usize>) -> bool {
    let mut counts: FxHashMap<&str, usize> = FxHashMap::default();
    let (mut turns, mut spoken) = (0, 0);
    for line in lines.filter(|&line| text.is(line, flag::TURN)) {
        let Some(turn) = turn(text.text(line)) else {
            continue;
        };
        *counts.entry(turn.speaker).or_default() += 1;
        turns += 1;
        let is_spoken = text.is(line, flag::SENTENCE) || text.lines.joins(line);
        spoken += usize::from(turn.is_chat || is_spoken && !turn.speech.is_empty());
    }
    counts.values().filter(|&&count| count > 1).count() > 1
        && turns >= 2 * counts.len()
        && spoken * 3 >= turns * 2
}
