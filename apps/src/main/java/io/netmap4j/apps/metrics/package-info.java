/** Serving what the commands show to those who scrape it. */
package io.netmap4j.apps.metrics;
