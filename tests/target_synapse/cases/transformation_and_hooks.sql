IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'crm') EXEC(N'CREATE SCHEMA [crm]')
GO
IF OBJECT_ID(N'[crm].[_sdc_load_ledger]', N'U') IS NULL CREATE TABLE [crm].[_sdc_load_ledger] (
  [load_id] nvarchar(64) NULL,
  [run_id] nvarchar(64) NULL,
  [target] nvarchar(600) NULL,
  [content] nvarchar(64) NULL,
  [files] bigint NULL,
  [rows] bigint NULL,
  [committed_at] datetime2(7) NULL,
  [closed_at] datetime2(7) NULL
)
WITH (DISTRIBUTION = ROUND_ROBIN, HEAP)
GO
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, COALESCE(NUMERIC_SCALE, DATETIME_PRECISION) AS SCALE, IS_NULLABLE,
  CASE WHEN COLLATION_NAME <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) THEN COLLATION_NAME END AS COLLATION
FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = N'crm' AND TABLE_NAME = N'it''s'
ORDER BY ORDINAL_POSITION
GO
IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'crm') EXEC(N'CREATE SCHEMA [crm]')
GO
IF OBJECT_ID(N'[crm].[it''s]', N'U') IS NULL CREATE TABLE [crm].[it's] (
  [id] bigint NULL,
  [mail] nvarchar(100) NULL,
  [note] nvarchar(max) NULL
)
WITH (DISTRIBUTION = HASH([id]), HEAP)
GO
EXEC [etl].[begin] @run = N'run1'
GO
INSERT INTO [crm].[log] ([stream], [run]) SELECT N'it''s', N'run1' OPTION (LABEL = N'target-synapse run=run1 step=before-load table=it''s')
GO
IF OBJECT_ID(N'[crm].[_sdc_stg_cb27300e_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [crm].[_sdc_stg_cb27300e_20260102030405_b59e6c60]
GO
CREATE TABLE [crm].[_sdc_stg_cb27300e_20260102030405_b59e6c60] (
  [id] bigint NULL,
  [mail] nvarchar(max) NULL,
  [note] nvarchar(max) NULL,
  [_sdc_row] bigint NULL
)
WITH (DISTRIBUTION = HASH([id]), HEAP)
GO
COPY INTO [crm].[_sdc_stg_cb27300e_20260102030405_b59e6c60] ([id] 1, [mail] 2, [note] 3, [_sdc_row] 4)
FROM 'https://acct.blob.core.windows.net/stage/a/00001.csv.gz'
WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a''key=='), COMPRESSION = 'Gzip', FIELDQUOTE = '"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8', DATEFORMAT = 'ymd', MAXERRORS = 0)
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=copy table=it''s')
GO
SELECT COUNT_BIG(*) FROM [crm].[_sdc_stg_cb27300e_20260102030405_b59e6c60]
GO
UPDATE [crm].[_sdc_stg_cb27300e_20260102030405_b59e6c60] SET [mail] = CASE WHEN UNICODE([mail]) = 57344 THEN SUBSTRING([mail], 2, 2147483646) ELSE [mail] END, [note] = CASE WHEN UNICODE([note]) = 57344 THEN SUBSTRING([note], 2, 2147483646) ELSE [note] END
WHERE UNICODE([mail]) = 57344 OR UNICODE([note]) = 57344
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=unescape table=it''s')
GO
DELETE FROM [crm].[_sdc_stg_cb27300e_20260102030405_b59e6c60] WHERE [mail] IS NULL OPTION (LABEL = N'target-synapse run=run1 step=transform table=it''s')
GO
UPDATE [crm].[_sdc_stg_cb27300e_20260102030405_b59e6c60] SET [mail] = LOWER([mail])
GO
EXEC [etl].[clean] @staging = N'[crm].[_sdc_stg_cb27300e_20260102030405_b59e6c60]', @load = N'load1'
GO
UPDATE [crm].[_sdc_stg_cb27300e_20260102030405_b59e6c60] SET [mail] = CASE WHEN UNICODE([mail]) = 57344 THEN NCHAR(57344) + [mail] ELSE [mail] END, [note] = CASE WHEN UNICODE([note]) = 57344 THEN NCHAR(57344) + [note] ELSE [note] END
WHERE UNICODE([mail]) = 57344 OR UNICODE([note]) = 57344
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=escape table=it''s')
GO
SELECT COUNT_BIG(*) FROM [crm].[_sdc_stg_cb27300e_20260102030405_b59e6c60]
GO
SELECT COUNT_BIG(*) FROM [crm].[_sdc_load_ledger] WHERE [load_id] = N'load1'
GO
BEGIN TRANSACTION
GO
DELETE [crm].[it's]
FROM [crm].[it's] INNER JOIN [crm].[_sdc_stg_cb27300e_20260102030405_b59e6c60] AS [_sdc_staged] ON [crm].[it's].[id] = [_sdc_staged].[id]
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=delete table=it''s')
GO
INSERT INTO [crm].[it's] ([id], [mail], [note])
SELECT [_sdc_staged].[id], CAST(CASE WHEN UNICODE([_sdc_staged].[mail]) = 57344 THEN SUBSTRING([_sdc_staged].[mail], 2, 2147483646) ELSE [_sdc_staged].[mail] END AS nvarchar(100)), CAST(CASE WHEN UNICODE([_sdc_staged].[note]) = 57344 THEN SUBSTRING([_sdc_staged].[note], 2, 2147483646) ELSE [_sdc_staged].[note] END AS nvarchar(max))
FROM (SELECT [_sdc_staged].*, ROW_NUMBER() OVER (PARTITION BY [_sdc_staged].[id] ORDER BY [_sdc_staged].[_sdc_row] DESC) AS [_sdc_rank] FROM [crm].[_sdc_stg_cb27300e_20260102030405_b59e6c60] AS [_sdc_staged]) AS [_sdc_staged]
WHERE [_sdc_staged].[_sdc_rank] = 1
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=insert table=it''s')
GO
INSERT INTO [crm].[_sdc_load_ledger] ([load_id], [run_id], [target], [content], [files], [rows], [committed_at])
SELECT N'load1', N'run1', N'[crm].[it''s]', N'c0ffee', 2, 2, SYSUTCDATETIME()
OPTION (LABEL = N'target-synapse run=run1 load=load1 step=ledger table=it''s')
GO
COMMIT TRANSACTION
GO
IF OBJECT_ID(N'[crm].[_sdc_stg_cb27300e_20260102030405_b59e6c60]', N'U') IS NOT NULL DROP TABLE [crm].[_sdc_stg_cb27300e_20260102030405_b59e6c60]
GO
UPDATE [crm].[_sdc_load_ledger] SET [closed_at] = SYSUTCDATETIME() WHERE [closed_at] IS NULL AND [target] IN (N'[crm].[it''s]')
OPTION (LABEL = N'target-synapse run=run1 step=close')
GO
UPDATE STATISTICS [crm].[it's]
GO
EXEC [etl].[publish] @schema = N'[crm]', @table = N'[crm].[it''s]'
GO
EXEC [etl].[done] @run = N'run1'
