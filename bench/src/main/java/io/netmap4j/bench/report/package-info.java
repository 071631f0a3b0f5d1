/** Results of the benchmarks: the records, their JSON, and the page that shows them. */
package io.netmap4j.bench.report;
