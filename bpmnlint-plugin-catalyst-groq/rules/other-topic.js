'use strict';

module.exports = require('../lib/rule')('other-topic');
