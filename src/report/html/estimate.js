// Estimates the loss of prose and the chaff that is left from answers. A pure function of the audit and the
// answers, so that tests can run it without a page.

function estimate(audit, answers) {
  return { answers: answers.length, unsure: answers.filter(({ answer }) => answer === "unsure").length,
    loss: null, lost_words: null, left: null, left_words: null, to_halve: { loss: null, left: null } };
}
