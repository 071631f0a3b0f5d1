/**
 * The commands that are netmap programs (pkt-gen, bridge, lb, dump, replay, nmreplay), and what all
 * commands share. They use the packages that the modules export to every program, and no others:
 * whatever is here can be written outside this project.
 */
package io.netmap4j.apps.traffic;
