'use strict';

module.exports = require('../lib/rule')('template-on-wrong-element');
