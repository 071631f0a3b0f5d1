/** The commands that need the machine or the modelled card: devices, bind, tap, nic-model, demo. */
package io.netmap4j.apps.admin;
