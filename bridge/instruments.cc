#include "bridge/instruments.h"

namespace dmp::bridge {

Instruments::Instruments(Metrics& metrics)
    : metrics_(metrics),
      received(metrics.counter("dmp_bridge_received_total", "Messages taken from the window")),
      duplicates(metrics.counter("dmp_bridge_duplicates_total",
                                 "Messages the broker marked as possibly sent before")),
      properties_dropped(metrics.counter("dmp_bridge_properties_dropped_total",
                                         "User properties not passed on: reserved or too many")),
      window_refused(metrics.counter(
          "dmp_bridge_window_refused_total",
          "Messages the window had no room for; not acknowledged, so they come again")),
      holds(metrics.counter("dmp_bridge_holds_total",
                            "Times nothing more was read, as the window was at high water")),
      window_replayed(metrics.counter("dmp_bridge_window_replayed_total",
                                      "Messages found in the window file at the start")),
      window_lost(metrics.counter("dmp_bridge_window_lost_total",
                                  "Messages in the window file that could not be read")),
      window_set_aside(metrics.counter("dmp_bridge_window_set_aside_total",
                                       "Window files that could not be used any more; kept")),
      stored(metrics.counter("dmp_bridge_stored_total", "Messages Kafka has stored")),
      dead_lettered(
          metrics.counter("dmp_bridge_dead_lettered_total", "Messages stored in dead letters")),
      dead_letters_lost(metrics.counter("dmp_bridge_dead_letters_lost_total",
                                        "Dead letters Kafka refused as well; see the log")),
      isolated(metrics.counter("dmp_bridge_isolated_total",
                               "Records refused in a batch and sent again alone")),
      producer_rebuilds(
          metrics.counter("dmp_bridge_producer_rebuilds_total",
                          "Times that the Kafka producers were given up and built anew")),
      confirmed(metrics.counter("dmp_bridge_confirmed_total", "Messages confirmed to their agent")),
      confirmations_lost(metrics.counter("dmp_bridge_confirmations_lost_total",
                                         "Confirmations not sent; the agent sends again")),
      connects(metrics.counter("dmp_bridge_connects_total", "Connections to the broker made")),
      sessions_lost(metrics.counter("dmp_bridge_sessions_lost_total",
                                    "Reconnects at which the broker had lost our session")),
      passed_on(metrics.counter("dmp_bridge_commands_passed_on_total",
                                "Commands from Kafka that the broker has taken")),
      heartbeats_stored(metrics.counter("dmp_bridge_heartbeats_stored_total",
                                        "Our own heartbeats that Kafka has stored: they count on "
                                        "while nothing is to do, and stop when we are stuck")),
      echoes_heard(metrics.counter("dmp_bridge_echoes_heard_total",
                                   "Our own messages that came back by the broker: they count on "
                                   "while nobody sends, and stop when we are deaf")),
      raes_forgotten(metrics.counter("dmp_bridge_raes_forgotten_total",
                                     "RAEs whose presence was forgotten for want of room")),
      connected(metrics.gauge("dmp_bridge_connected", "1 while connected and subscribed")),
      valve_open(metrics.gauge("dmp_bridge_valve_open",
                               "0 while MQTT is closed, as the window waits for Kafka")),
      window_messages(metrics.gauge("dmp_bridge_window_messages", "Messages in the window")),
      window_bytes(metrics.gauge("dmp_bridge_window_bytes", "Bytes in the window")),
      window_oldest_seconds(metrics.gauge("dmp_bridge_window_oldest_seconds",
                                          "Age of the oldest message in the window")),
      in_flight(metrics.gauge("dmp_bridge_in_flight", "Records given to Kafka, not yet reported")),
      heartbeat_seconds(metrics.gauge("dmp_bridge_heartbeat_seconds",
                                      "What Kafka took to store the last heartbeat")),
      echo_seconds(metrics.gauge("dmp_bridge_echo_seconds",
                                 "What our last message to ourselves took by the broker")),
      raes_known(metrics.gauge("dmp_bridge_raes_known", "RAEs whose presence is known")),
      stored_after_seconds(metrics.histogram("dmp_bridge_stored_after_seconds",
                                             "From MQTT to Kafka's report, by the wall clock",
                                             stored_after_bounds())),
      acknowledged_after_seconds(metrics.histogram("dmp_bridge_acknowledged_after_seconds",
                                                   "From sending a record to Kafka's report",
                                                   stored_after_bounds())) {}

std::vector<double> Instruments::stored_after_bounds() {
  return {0.0001,  0.0002, 0.0003, 0.0004, 0.0005, 0.00075, 0.001, 0.00125, 0.0015,
          0.00175, 0.002,  0.0025, 0.003,  0.004,  0.005,   0.006, 0.008,   0.01,
          0.0125,  0.015,  0.02,   0.025,  0.03,   0.04,    0.05,  0.075,   0.1,
          0.15,    0.25,   0.5,    1,      2.5,    10,      60};
}

void Instruments::refused(const std::string& code) {
  metrics_.counter("dmp_bridge_refused_total", "Messages refused, by reason", {{"reason", code}})
      .add();
}

void Instruments::not_passed_on(const std::string& reason) {
  metrics_
      .counter("dmp_bridge_commands_not_passed_on_total", "Commands not passed on, by reason",
               {{"reason", reason}})
      .add();
}

}  // namespace dmp::bridge
