//! What a cleaned document says about its verdict: which blocks were removed, by rules of which
//! confidence, and what the line model thinks of them.

use super::Engine;
use super::cleaned::{Cleaned, Outcome, Removal};
use crate::model::{LineModel, Observed};
use crate::text::Span;
use crate::verdict::{Findings, Judge, Remover, Verdict};
use dechaff_rules::rule::{Category, Confidence, RuleId};

impl Engine {
    /// Returns the verdict on a cleaned document.
    pub(super) fn judge(
        &self,
        judge: &Judge,
        observed: &Observed,
        cleaned: &Cleaned<'_>,
    ) -> Verdict {
        let findings = self.findings(observed, cleaned);
        let held = matches!(cleaned.outcome(), Outcome::Held { .. });
        let kind = judge.kind(observed);
        let risk = if held || !findings.has_removals {
            0
        } else {
            self.probability(judge.log_odds(observed, &findings, kind))
        };
        Verdict {
            kind,
            removed_share: round(cleaned.share()),
            almost_removed_share: round(findings.almost_share()),
            risk: f64::from(risk) / 1e3,
            held,
        }
    }

    /// Sums up what was removed from a document, or would have been if it were not held.
    pub(super) fn findings(&self, observed: &Observed, cleaned: &Cleaned<'_>) -> Findings {
        let mut vetoed: Vec<Span> = cleaned
            .vetoed()
            .iter()
            .map(|veto| veto.mark.span())
            .collect();
        vetoed.sort_unstable();
        let (mut removals, mut vetoed) = (cleaned.found(), &vetoed[..]);
        let mut findings = Findings::default();
        for block in &observed.blocks {
            removals = &removals[before(removals, block.span, |removal| removal.span)..];
            vetoed = &vetoed[before(vetoed, block.span, |&span| span)..];
            let (removed, remover) = self.removed_part(removals, block.span);
            let is_vetoed = vetoed.first().is_some_and(|span| span.overlaps(block.span));
            let chaff = self.probability(block.score);
            findings.add(block, removed, remover, chaff, is_vetoed);
        }
        findings
    }

    /// Returns the number of bytes of `span` that `removals` cover, and what removed most of them.
    fn removed_part(&self, removals: &[Removal], span: Span) -> (usize, Remover) {
        let (mut sum, mut most, mut remover) = (0, 0, Remover::Certain);
        for removal in removals
            .iter()
            .take_while(|removal| removal.span.start() < span.end())
        {
            let end = removal.span.end().min(span.end());
            let bytes = end.saturating_sub(removal.span.start().max(span.start()));
            sum += bytes;
            if bytes > most {
                (most, remover) = (bytes, self.remover(removal.rule));
            }
        }
        (sum, remover)
    }

    /// Returns what kind of rule removed a text.
    fn remover(&self, rule: RuleId) -> Remover {
        let rule = self.rules.get(rule);
        match (rule.category, rule.confidence) {
            _ if rule.name == LineModel::RULE => Remover::Model,
            (Category::Layout | Category::Repeat, _) => Remover::Context,
            (_, Confidence::Certain) => Remover::Certain,
            (_, Confidence::Likely) => Remover::Likely,
            (_, Confidence::Possible) => Remover::Possible,
        }
    }

    /// Returns log-odds in 4096ths as a probability in thousandths, as the line model does.
    fn probability(&self, log_odds: i32) -> i32 {
        let model = self.model.as_ref();
        model.map_or(0, |model| {
            i32::from(model.probability(log_odds).thousandths())
        })
    }
}

/// Rounds a share to thousandths.
fn round(share: f64) -> f64 {
    (share * 1e3).round() / 1e3
}

/// Returns how many of `items`, which are in order, end before `span` starts.
fn before<T>(items: &[T], span: Span, of: impl Fn(&T) -> Span) -> usize {
    items
        .iter()
        .take_while(|item| of(item).end() <= span.start())
        .count()
}

#[cfg(test)]
mod tests {
    use crate::cleaner::{Cleaned, Cleaner, Scratch};
    use crate::text::Document;
    use crate::verdict::{DocumentKind, Verdict};
    use dechaff_rules::rule::Level;

    const ARTICLE: &str = "\
        The council voted on Monday to close the bridge over the river until the end of the year.\n\
        Engineers had found cracks in two of its piers, the mayor told reporters at the town hall.\n\
        \u{201c}We know that this is hard on the people who live on the other bank,\u{201d} she said.\n\
        Share this article\n\
        A ferry will run every hour, according to the council, and the police will guide the lorries.\n\
        The works are expected to cost four million, most of which the government is going to pay.\n\
        Sign up for our newsletter\n";

    const FORUM: &str = "\
        Forum\nLast post\nJoined: 12 Mar 2011\nPosts: 214\nThe pump of my boiler is loud, any ideas?\n\
        Reply\nQuote\nharbour_dan\nMember\nJoined: 3 Jan 2009\nPosts: 1,203\n\
        Thanks for the pictures. Mine did the same, I bled the radiators and it was fine.\n\
        Reply\nQuote\nmoss77\nSenior member\nJoined: 9 Jul 2007\nPosts: 88\n\
        I agree with the post above, try that first. Did you check the pressure?\nReply\nQuote\n\
        You must be logged in to reply to this thread.\nThread starter\nSimilar threads\n";

    const PRODUCT: &str = "\
        Add to cart\nIn stock\nOak shelf with three boards\nSKU: 44120\n$129.00\nQuantity\n\
        Add to wishlist\nFree shipping on orders over $50\nColor: Natural\nSize: 80 x 30 x 120 cm\n\
        Weight: 14 kg\nMaterial: Oak\nProduct description\n\
        A shelf for books and plants. The boards can be placed at five heights.\n\
        Product details\nCustomer reviews\n4.5 out of 5 stars\nWrite a review\nWarranty: 2 years\n\
        Delivery and returns\nCustomers also bought\nAdd to cart\n$89.00\nAdd to cart\n$59.00\n";

    fn cleaner(level: Level, skip: &[&str]) -> Cleaner {
        let builder = Cleaner::builder().level(level).skip(skip.iter().copied());
        builder.verdicts(true).build().unwrap()
    }

    fn clean<'t>(cleaner: &Cleaner, text: &'t str) -> (Cleaned<'t>, Verdict) {
        let document = Document::new(text).unwrap();
        let cleaned = cleaner.clean(&document, &mut Scratch::default());
        let verdict = cleaned.verdict().unwrap();
        (cleaned, verdict)
    }

    #[test]
    fn the_kind_of_a_page_is_told_by_its_text() {
        let cleaner = cleaner(Level::Balanced, &[]);
        for (text, kind) in [
            (ARTICLE, DocumentKind::Article),
            (FORUM, DocumentKind::Forum),
            (PRODUCT, DocumentKind::Product),
            ("", DocumentKind::Other),
        ] {
            assert_eq!(clean(&cleaner, text).1.kind, kind, "{text}");
        }
    }

    #[test]
    fn a_document_that_loses_nothing_or_is_held_has_no_risk() {
        let plain = "The council voted on Monday to close the bridge until the end of the year.\n";
        let (_, verdict) = clean(&cleaner(Level::Balanced, &[]), &plain.repeat(3));
        assert_eq!(
            (verdict.removed_share, verdict.risk, verdict.held),
            (0.0, 0.0, false)
        );
        let builder = Cleaner::builder().max_removed(0.02).verdicts(true);
        let (cleaned, verdict) = clean(&builder.build().unwrap(), ARTICLE);
        assert_eq!(cleaned.text(), ARTICLE);
        assert_eq!((verdict.risk, verdict.held), (0.0, true));
        assert!(verdict.removed_share > 0.02);
    }

    #[test]
    fn a_removal_has_a_risk_with_and_without_the_line_model() {
        for skip in [&[][..], &["model"]] {
            let (_, verdict) = clean(&cleaner(Level::Balanced, skip), ARTICLE);
            assert!(verdict.risk > 0.0 && verdict.risk < 0.5, "{verdict:?}");
            assert!(verdict.removed_share > 0.0 && !verdict.held);
        }
    }

    #[test]
    fn lines_that_a_keep_rule_protects_were_almost_removed() {
        let pack = "
            [pack]
            name = 'p'
            [[rule]]
            id = 'mine'
            description = 'Keeps this line.'
            category = 'share'
            keep = true
            phrase = 'share this article'
            examples.match = ['Share this article', 'share this article']
            examples.no_match = ['One.', 'Two.']";
        let mut rules = crate::RuleSet::built_in();
        rules.add_pack(pack, "p").unwrap();
        let builder = Cleaner::builder()
            .rules(rules)
            .skip(["model"])
            .verdicts(true);
        let (cleaned, verdict) = clean(&builder.build().unwrap(), ARTICLE);
        assert!(cleaned.text().contains("Share this article"));
        let lines = (verdict.almost_removed_share * 7.0).round();
        assert!(lines > 0.0 && lines < 2.0, "{verdict:?}");
    }

    #[test]
    fn verdicts_do_not_change_what_is_removed() {
        let menu = "Home\nNews\nSport\nLog in\nSubscribe\nRead more\nContact us\n";
        let page = [
            menu,
            ARTICLE,
            PRODUCT,
            FORUM,
            menu,
            "Related articles\n",
            menu,
        ]
        .concat();
        for text in [ARTICLE, FORUM, PRODUCT, &page, &page.repeat(120)] {
            let document = Document::new(text).unwrap();
            for level in Level::ALL {
                for skip in [&[][..], &["model"]] {
                    let plain = Cleaner::builder().level(*level).skip(skip.iter().copied());
                    let plain = plain
                        .build()
                        .unwrap()
                        .clean(&document, &mut Scratch::default());
                    let (cleaned, _) = clean(&cleaner(*level, skip), text);
                    assert_eq!(cleaned.found(), plain.found(), "{level} {skip:?}");
                    assert_eq!(cleaned.vetoed(), plain.vetoed());
                    assert!(plain.verdict().is_none());
                }
            }
        }
    }

    #[test]
    fn any_text_and_any_rules_have_a_verdict() {
        let none = Cleaner::builder().rules(crate::RuleSet::default());
        for cleaner in [
            cleaner(Level::Thorough, &[]),
            none.verdicts(true).build().unwrap(),
        ] {
            for text in [
                "",
                "\n",
                "a",
                "---\ntitle: x\n---\nShare\n",
                "橋",
                &"x ".repeat(300_000),
            ] {
                let (_, verdict) = clean(&cleaner, text);
                for share in [
                    verdict.removed_share,
                    verdict.almost_removed_share,
                    verdict.risk,
                ] {
                    assert!((0.0..=1.0).contains(&share), "{verdict:?}");
                }
            }
        }
    }
}
