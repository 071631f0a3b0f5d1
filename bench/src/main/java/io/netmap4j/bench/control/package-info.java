/**
 * Controls in C: compiled when they are wanted, called in this process, on memory that Java makes.
 */
package io.netmap4j.bench.control;
