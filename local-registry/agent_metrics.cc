#include "local-registry/agent_metrics.h"

namespace dmp::local {

AgentMetrics::AgentMetrics(Metrics& metrics)
    : sessions(metrics.gauge("dmp_local_registry_sessions", "Live device sessions.")),
      sessions_online(metrics.gauge("dmp_local_registry_sessions_online",
                                    "Device sessions that are online or in standby.")),
      outbox_depth(metrics.gauge("dmp_local_registry_outbox_rows",
                                 "Messages the cloud has not confirmed yet.")),
      unconfirmed(metrics.gauge("dmp_local_registry_outbox_in_flight",
                                "Messages that are sent and not confirmed.")),
      queue_depth(metrics.gauge("dmp_local_registry_queue_events", "Events waiting for the loop.")),
      sent(metrics.counter("dmp_local_registry_sent_total", "Updates and rosters sent.")),
      resent(metrics.counter("dmp_local_registry_resent_total", "Of these, sent again.")),
      confirmed(metrics.counter("dmp_local_registry_confirmed_total",
                                "Messages the cloud confirmed to have stored.")),
      refused(metrics.counter("dmp_local_registry_refused_total",
                              "Messages the cloud refused for good; dropped.")),
      undelivered(metrics.counter("dmp_local_registry_undelivered_total",
                                  "Publishes that the broker did not take, or that nobody is "
                                  "subscribed to.")),
      connections(metrics.counter("dmp_local_registry_connections_total", "Connections begun.")),
      connections_lost(metrics.counter("dmp_local_registry_connections_lost_total",
                                       "Connections and attempts that ended by themselves.")),
      taken_over(metrics.counter("dmp_local_registry_taken_over_total",
                                 "Times another agent seemed to use our serial.")),
      bad_messages(metrics.counter("dmp_local_registry_bad_messages_total",
                                   "Messages of the broker that could not be read.")),
      resyncs(metrics.counter("dmp_local_registry_resyncs_total",
                              "Times the cloud said that our stamps are behind or ahead, and we "
                              "began again.")),
      foreign_stamps(metrics.counter("dmp_local_registry_foreign_stamps_total",
                                     "Times a stamp above ours was confirmed that we do not know, "
                                     "and we began again.")),
      transactions(metrics.counter("dmp_local_registry_transactions_total",
                                   "Transactions committed to the database.")),
      store_errors(metrics.counter("dmp_local_registry_store_errors_total",
                                   "Transactions the database refused; they are tried again.")),
      watch_errors(metrics.counter("dmp_local_registry_watch_errors_total",
                                   "Neighbour entries the kernel refused to watch.")),
      probes_refused(metrics.counter("dmp_local_registry_probes_refused_total",
                                     "Probes not made because too many waited.")),
      sessions_refused(metrics.gauge("dmp_local_registry_sessions_refused",
                                     "Devices not registered because there is no room.")),
      identity_conflicts(metrics.gauge("dmp_local_registry_identity_conflicts",
                                       "Serials and names that two devices claimed.")) {}

}  // namespace dmp::local
