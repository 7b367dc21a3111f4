'use strict';

const CHECKS = {
  ...require('./fieldChecks'),
  ...require('./modelChecks'),
  ...require('./mappingChecks').checks,
  ...require('./errorChecks'),
  ...require('./diagramChecks'),
  ...require('./formChecks')
};
const { describe } = require('./messages');
const table = require('./table.json');

/**
 * Return the factory of a rule of bpmnlint. A check gets a node of the diagram and a function that reports a mistake:
 * by the values of the rule's message, at the node itself or at another element.
 *
 * @param { string } id of the rule
 */
module.exports = function(id) {
  const meta = { documentation: { url: table.rules[id].url } };

  return () => ({
    meta,
    check(node, reporter) {
      const reported = new Set();

      CHECKS[id](node, (values, element = node) => {
        const message = describe(id, values);

        if (!reported.has(`${element.id} ${message}`)) {
          reported.add(`${element.id} ${message}`);
          reporter.report(element.id, message);
        }
      });
    }
  });
};
