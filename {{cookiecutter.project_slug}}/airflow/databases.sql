-- Run at each start of the stack, by the server's own administrator. A changed password in .env takes effect here.
\getenv airflow_password AIRFLOW_DB_PASSWORD
\getenv celery_password CELERY_DB_PASSWORD

SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY['airflow', 'celery']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

ALTER ROLE airflow PASSWORD :'airflow_password';
ALTER ROLE celery PASSWORD :'celery_password';

SELECT format('CREATE DATABASE %1$I OWNER %1$I', name) FROM unnest(ARRAY['airflow', 'celery']) AS name
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name) \gexec

-- Anybody may connect to any database unless told otherwise; workers hold the password of celery.
REVOKE CONNECT ON DATABASE airflow FROM PUBLIC;
REVOKE CONNECT ON DATABASE celery FROM PUBLIC;
